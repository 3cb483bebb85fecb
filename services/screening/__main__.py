"""`python -m services.screening all | api | worker | migrate`"""

from services.screening.app import SERVICE
from shared.kit.service import main

if __name__ == "__main__":
    main(SERVICE)
