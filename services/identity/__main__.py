"""`python -m services.identity all | api | worker | migrate`"""

from services.identity.app import SERVICE
from shared.kit.service import main

if __name__ == "__main__":
    main(SERVICE)
