"""Access tokens: RFC 9068, signed here, checked everywhere by signature alone."""

import secrets
import time

from services.identity.handlers import Grant
from services.identity.schemas import TokenAnswer
from services.identity.signing import SigningKeys


def issue(grant: Grant, keys: SigningKeys, *, issuer: str, audience: str, seconds: int) -> TokenAnswer:
    """Sign a token that lives `seconds` from now."""
    now = int(time.time())
    client = grant.client
    scope = " ".join(sorted(grant.scopes))
    claims = {
        "iss": issuer,
        "sub": client.client_id,
        "aud": audience,
        "client_id": client.client_id,
        "scope": scope,
        "branches": sorted(client.reach.branches),
        "iat": now,
        "exp": now + seconds,
        "jti": secrets.token_urlsafe(12),
    }
    if client.therapist_id is not None:
        claims["therapist_id"] = str(client.therapist_id)
    return TokenAnswer(access_token=keys.sign(claims), expires_in=seconds, scope=scope)
