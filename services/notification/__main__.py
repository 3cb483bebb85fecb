"""`python -m services.notification all | api | worker | migrate`"""

from services.notification.app import SERVICE
from shared.kit.service import main

if __name__ == "__main__":
    main(SERVICE)
