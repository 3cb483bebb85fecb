"""python -m services.scheduling all | api | worker | migrate"""

from services.scheduling.app import SERVICE
from shared.kit.service import main

main(SERVICE)
