"""For tests: access tokens without identity, and a service run in this process on real servers."""

import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import jwt
import orjson
from cryptography.hazmat.primitives.asymmetric import ec
from fastapi import FastAPI

from shared.kit import telemetry
from shared.kit.ids import new_id
from shared.kit.service import Service, build
from shared.kit.settings import CommonSettings

ISSUER = "https://tokens.test"


class TokenMint:
    """Signs access tokens that a service trusts when it gets `environment(folder)`."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.kid = "test"

    def environment(self, folder: Path) -> dict[str, str]:
        """The settings that make a service trust this mint; writes its public key into `folder`."""
        key = jwt.algorithms.ECAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        path = folder / "jwks.json"
        path.write_bytes(orjson.dumps({ISSUER: {"keys": [{**key, "kid": self.kid, "alg": "ES256", "use": "sig"}]}}))
        return {"CAIBEI_OIDC_ISSUERS": ISSUER, "CAIBEI_OIDC_JWKS_FILE": str(path)}

    def token(
        self,
        *scopes: str,
        branches: Iterable[UUID | str] = ("*",),
        subject: str = "tester",
        client_id: str = "tester",
        therapist_id: UUID | None = None,
        **claims: Any,
    ) -> str:
        """A token with these scopes, for these branches (all of them unless named)."""
        now = int(time.time())
        payload: dict[str, Any] = {
            "iss": ISSUER,
            "sub": subject,
            "aud": "caibei",
            "client_id": client_id,
            "iat": now,
            "exp": now + 600,
            "jti": str(new_id()),
            "scope": " ".join(scopes),
            "branches": [str(branch) for branch in branches],
        }
        if therapist_id is not None:
            payload["therapist_id"] = str(therapist_id)
        return jwt.encode(payload | claims, self.key, algorithm="ES256", headers={"kid": self.kid, "typ": "at+jwt"})

    def bearer(self, *scopes: str, **claims: Any) -> dict[str, str]:
        """The header that carries such a token."""
        return {"Authorization": f"Bearer {self.token(*scopes, **claims)}"}


@asynccontextmanager
async def running(service: Service, role: str = "api") -> AsyncIterator[FastAPI]:
    """The service in this process, started as in production. Its settings come from the environment as it is now.

    `role="api"` runs no relay, consumer or jobs: the test calls handlers itself. `role="all"` runs everything.
    """
    telemetry.configure(f"caibei-{service.name}")
    app = build(service, role, common=CommonSettings())
    async with app.router.lifespan_context(app):
        yield app


def client(app: FastAPI, headers: dict[str, str] | None = None) -> httpx.AsyncClient:
    """An HTTP client that calls the app without a socket."""
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://service.test", headers=headers)
