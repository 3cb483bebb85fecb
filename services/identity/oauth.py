"""The token request of RFC 6749, section 4.4: read strictly, nothing looked up yet."""

import base64
import binascii
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote_plus

from services.identity.domain.errors import TokenRefused

FORM = "application/x-www-form-urlencoded"
LONGEST_ID = 128
LONGEST_SECRET = 512


@dataclass(frozen=True, slots=True, repr=False)
class TokenRequest:
    """Client credentials as they came, from the form or from Basic authentication."""

    client_id: str
    client_secret: str
    scopes: tuple[str, ...]


def read(content_type: str, authorization: str | None, body: bytes) -> TokenRequest:
    """Parse a request of the token endpoint.

    Raises:
        TokenRefused: `invalid_request`, `unsupported_grant_type`, or `invalid_client` (401) for credentials that
            cannot be anyone's.
    """
    if content_type.partition(";")[0].strip().lower() != FORM:
        raise TokenRefused("invalid_request", f"Send a form ({FORM}).")
    form = _form(body)
    grant = form.get("grant_type")
    if not grant:
        raise TokenRefused("invalid_request", "grant_type is missing.")
    if grant != "client_credentials":
        raise TokenRefused("unsupported_grant_type", "Only client_credentials is offered here.")
    basic = _basic(authorization)
    if basic and ("client_secret" in form or form.get("client_id", basic[0]) != basic[0]):
        raise TokenRefused("invalid_request", "Authenticate in one way only: Basic, or the form.")
    client_id, secret = basic or (form.get("client_id", ""), form.get("client_secret", ""))
    if not client_id or not secret:
        raise TokenRefused("invalid_client", "Client id and secret are needed.", status=401)
    if not client_id.isprintable() or len(client_id) > LONGEST_ID or len(secret) > LONGEST_SECRET:
        raise TokenRefused("invalid_client", "The client id or secret is not right.", status=401)
    return TokenRequest(client_id, secret, tuple(form.get("scope", "").split()))


def _form(body: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=20)
    except (UnicodeDecodeError, ValueError):
        raise TokenRefused("invalid_request", "The form cannot be read.") from None
    form = dict(pairs)
    if len(form) != len(pairs):
        raise TokenRefused("invalid_request", "A parameter came twice.")
    return form


def _basic(authorization: str | None) -> tuple[str, str] | None:
    """Client id and secret of an Authorization header; each is form-encoded (RFC 6749, section 2.3.1)."""
    if authorization is None:
        return None
    scheme, _, value = authorization.partition(" ")
    try:
        if scheme.lower() != "basic":
            raise ValueError
        client_id, colon, secret = base64.b64decode(value.strip(), validate=True).decode("utf-8").partition(":")
        if not colon:
            raise ValueError
    except (ValueError, binascii.Error):
        raise TokenRefused("invalid_client", "The Authorization header is not Basic.", status=401) from None
    return unquote_plus(client_id), unquote_plus(secret)
