"""HTTP in."""

from services.screening.api.activations import activations
from services.screening.api.arrivals import arrivals
from services.screening.api.clearances import clearances
from services.screening.api.clients import clients
from services.screening.api.invitations import invitations, links
from services.screening.api.master_keys import master_keys
from services.screening.api.people import people
from services.screening.api.protocols import protocols
from services.screening.api.questionnaire import questionnaire
from services.screening.api.retention import retention
from services.screening.api.screenings import screenings

ROUTERS = (
    protocols,
    activations,
    screenings,
    clearances,
    arrivals,
    clients,
    people,
    retention,
    master_keys,
    invitations,
    links,
    questionnaire,
)
