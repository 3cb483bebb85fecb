"""HTTP in."""

from services.screening.api.activations import activations
from services.screening.api.arrivals import arrivals
from services.screening.api.clearances import clearances
from services.screening.api.clients import clients
from services.screening.api.protocols import protocols
from services.screening.api.screenings import screenings

ROUTERS = (protocols, activations, screenings, clearances, arrivals, clients)
