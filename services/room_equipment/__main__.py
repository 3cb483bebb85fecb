"""`python -m services.room_equipment all | api | worker | migrate`"""

from services.room_equipment.app import SERVICE
from shared.kit.service import main

if __name__ == "__main__":
    main(SERVICE)
