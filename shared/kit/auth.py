"""Who is calling: RFC 9068 access tokens of any configured issuer, their scopes and branches."""

import asyncio
import time
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import jwt
import orjson
from fastapi import Depends, Request

from shared.errors import Forbidden, NotFound, Unauthenticated, Unavailable
from shared.kit import logging
from shared.kit.settings import CommonSettings

log = logging.get(__name__)

_ALGORITHMS = {("EC", "P-256"): "ES256", ("EC", "P-384"): "ES384", ("OKP", "Ed25519"): "EdDSA", ("RSA", None): "RS256"}
_REFETCH_SECONDS = 5.0
_CACHE = 4096


@dataclass(frozen=True, slots=True)
class Principal:
    """The caller. `branches` is None for all of the chain."""

    subject: str
    client_id: str
    scopes: frozenset[str]
    branches: frozenset[UUID] | None
    therapist_id: UUID | None
    issuer: str
    expires_at: float

    def sees(self, branch_id: UUID) -> bool:
        return self.branches is None or branch_id in self.branches

    def sees_any(self, branch_ids: list[UUID]) -> bool:
        return self.branches is None or not self.branches.isdisjoint(branch_ids)

    def must_see(self, branch_id: UUID, code: str = "not_found", detail: str = "There is no such thing.") -> None:
        """
        Raises:
            NotFound: the branch is not in the token; it looks as if the thing were not there.
        """
        if not self.sees(branch_id):
            raise NotFound(code, detail)

    @property
    def branch_list(self) -> list[UUID] | None:
        """For `CAST(:branches AS uuid[])`; None means all."""
        return None if self.branches is None else list(self.branches)


class Authenticator:
    """Verifies tokens. Keys are fetched from each issuer once, and again when a token names an unknown one."""

    def __init__(self, settings: CommonSettings) -> None:
        self._issuers = [issuer.strip().rstrip("/") for issuer in settings.oidc_issuers.split(",") if issuer.strip()]
        self._audience = settings.oidc_audience
        self._keys: dict[str, dict[str, jwt.PyJWK]] = {}
        self._asked: dict[str, float] = {}
        self._known: dict[str, Principal] = {}
        self._lock = asyncio.Lock()
        if settings.oidc_jwks_file:
            for issuer, keys in orjson.loads(settings.oidc_jwks_file.read_bytes()).items():
                self._keys[issuer.rstrip("/")] = _keys_of(keys)

    async def __call__(self, request: Request) -> Principal:
        """
        Raises:
            Unauthenticated: there is no bearer token, or it does not hold.
            Unavailable: the issuer's keys cannot be read now.
        """
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Unauthenticated("unauthenticated", "Send `Authorization: Bearer <access token>`.")
        known = self._known.get(token)
        if known is not None and known.expires_at > time.time():
            return known
        principal = await self._verify(token.strip())
        if len(self._known) >= _CACHE:
            self._known.clear()
        self._known[token] = principal
        return principal

    async def _verify(self, token: str) -> Principal:
        try:
            header = jwt.get_unverified_header(token)
            issuer = str(jwt.decode(token, options={"verify_signature": False}).get("iss", "")).rstrip("/")
        except (jwt.PyJWTError, ValueError, RecursionError):
            raise _invalid("The token is not a JWT.") from None
        if issuer not in self._issuers:
            raise _invalid("The token's issuer is not trusted here.")
        if str(header.get("typ", "")).lower().removeprefix("application/") not in ("at+jwt", "jwt"):
            raise _invalid("The token is not an access token.")
        key = await self._key(issuer, str(header.get("kid", "")))
        try:
            claims = jwt.decode(
                token,
                key.key,
                algorithms=[key.algorithm_name],
                audience=self._audience,
                leeway=5,
                options={"require": ["exp", "iss", "sub", "aud"]},
            )
            return _principal(claims, issuer)
        except jwt.ExpiredSignatureError:
            raise _invalid("The token has expired; ask for a new one.") from None
        except (jwt.PyJWTError, ValueError, TypeError):
            raise _invalid("The token does not hold.") from None

    async def _key(self, issuer: str, kid: str) -> jwt.PyJWK:
        key = self._keys.get(issuer, {}).get(kid)
        if key is not None:
            return key
        async with self._lock:
            key = self._keys.get(issuer, {}).get(kid)
            if key is None and time.monotonic() - self._asked.get(issuer, -1e9) > _REFETCH_SECONDS:
                await self._fetch(issuer)
                key = self._keys.get(issuer, {}).get(kid)
        if key is None:
            raise _invalid("The token's key is not one of its issuer's.")
        return key

    async def _fetch(self, issuer: str) -> None:
        try:
            async with httpx.AsyncClient(timeout=3, trust_env=False) as http:
                metadata = (await http.get(f"{issuer}/.well-known/openid-configuration")).raise_for_status().json()
                document = (await http.get(metadata["jwks_uri"])).raise_for_status().json()
            self._keys[issuer] = _keys_of(document)
            self._asked[issuer] = time.monotonic()
        except (httpx.HTTPError, KeyError, ValueError) as error:
            log.warning("cannot read the issuer's keys", issuer=issuer, error=repr(error))
            if issuer not in self._keys:
                raise Unavailable("issuer_unavailable", "The token's issuer cannot be asked now.") from None


def _keys_of(document: dict[str, Any]) -> dict[str, jwt.PyJWK]:
    """Public signing keys by id, each pinned to its one algorithm; symmetric keys are never taken."""
    found = {}
    for key in document.get("keys", []):
        kind = (key.get("kty"), key.get("crv"))
        algorithm = key.get("alg") or _ALGORITHMS.get(kind)
        if (
            algorithm in ("ES256", "ES384", "EdDSA", "RS256", "RS384", "RS512", "PS256")
            and key.get("use", "sig") == "sig"
        ):
            found[str(key.get("kid", ""))] = jwt.PyJWK(key, algorithm=algorithm)
    return found


def _principal(claims: dict[str, Any], issuer: str) -> Principal:
    branches = claims.get("branches", [])
    therapist = claims.get("therapist_id")
    if not isinstance(branches, list):  # of a text, `in` would find a "*" anywhere
        raise ValueError("branches is a list")
    return Principal(
        subject=str(claims["sub"]),
        client_id=str(claims.get("client_id") or claims.get("azp") or claims["sub"]),
        scopes=frozenset(str(claims.get("scope", "")).split()),
        branches=None if "*" in branches else frozenset(UUID(str(branch)) for branch in branches),
        therapist_id=UUID(therapist) if therapist else None,
        issuer=issuer,
        expires_at=float(claims["exp"]),
    )


def _invalid(detail: str) -> Unauthenticated:
    return Unauthenticated("invalid_token", detail)


def requires(*scopes: str) -> Any:
    """A dependency: the caller, who must have every one of these scopes."""

    async def principal(request: Request) -> Principal:
        who: Principal = await request.app.state.authenticator(request)
        missing = [scope for scope in scopes if scope not in who.scopes]
        if missing:
            raise Forbidden("insufficient_scope", f"This needs the scope {' '.join(missing)}.", required=list(scopes))
        request.state.principal = who
        return who

    principal.scopes = scopes  # type: ignore[attr-defined]  # read by the role-by-route test and the docs
    return Depends(principal)
