"""`python -m services.console all`"""

from services.console.app import SERVICE
from shared.kit.service import main

if __name__ == "__main__":
    main(SERVICE)
