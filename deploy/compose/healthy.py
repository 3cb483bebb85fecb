"""The image's health check: exit code 0 when this container's service is ready. Standard library only, for speed."""

import sys
from http.client import HTTPConnection

connection = HTTPConnection("127.0.0.1", 8000, timeout=2)
try:
    connection.request("GET", "/readyz")
    sys.exit(0 if connection.getresponse().status == 200 else 1)
except OSError:
    sys.exit(1)
finally:
    connection.close()
