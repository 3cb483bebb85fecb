"""The OpenAPI 3.1 document of each service: what it answers at `/openapi.json`, made without starting it."""

from functools import cache
from typing import Any

from fastapi.routing import APIRoute

from deploy.docs.sources import services
from shared.kit.health import health
from shared.kit.http import create_app
from shared.kit.ops import ops
from shared.kit.service import VERSION, Service


@cache
def documents() -> dict[str, dict[str, Any]]:
    """By service name. `x-scopes` on an operation lists the scopes its token needs."""
    return {service.name: document(service) for service in services()}


def document(service: Service) -> dict[str, Any]:
    """Like `service.build`, but no settings are read and no key file is made."""
    routers = [health, *([ops] if service.has_database else []), *service.routers]
    app = create_app(f"Caibei {service.name}", routers, version=VERSION, description=service.description)
    made: dict[str, Any] = app.openapi()
    for router in routers:
        for route in router.routes:
            if isinstance(route, APIRoute) and route.include_in_schema:
                for method in route.methods or ():
                    made["paths"][route.path_format][method.lower()]["x-scopes"] = sorted(_scopes(route))
    return made


def _scopes(route: APIRoute) -> set[str]:
    """What `requires(…)` asks for, wherever in the route's dependencies it stands."""
    found, waiting = set(), [route.dependant]
    while waiting:
        dependant = waiting.pop()
        found |= set(getattr(dependant.call, "scopes", ()))
        waiting += dependant.dependencies
    return found
