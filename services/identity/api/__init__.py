"""HTTP in: the OAuth endpoints, and API clients."""

from services.identity.api.api_clients import api_clients
from services.identity.api.oauth import oauth

ROUTERS = (oauth, api_clients)
