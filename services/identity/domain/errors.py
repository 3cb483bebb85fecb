"""Why identity refuses.

UnknownScope      422  no such scope
ScopeNotHeld      403  one cannot hand out, or take over, what one does not hold
BranchNotHeld     403  the same for branches
ClientRevoked     409  a revoked API client stays revoked
TokenRefused           the OAuth error answer of RFC 6749, section 5.2
"""

from collections.abc import Iterable

from shared.errors import CaibeiError, Forbidden, Invalid, Refused


class UnknownScope(Invalid):
    def __init__(self, name: str, pointer: str = "/scopes") -> None:
        super().__init__("unknown_scope", f"There is no scope {name!r}.", pointer=pointer)


class ScopeNotHeld(Forbidden):
    def __init__(self, names: Iterable[str]) -> None:
        listed = " ".join(sorted(names))
        super().__init__("scope_not_held", f"Your token does not hold {listed}, so it cannot hand it out.")


class BranchNotHeld(Forbidden):
    def __init__(self) -> None:
        super().__init__("branch_not_held", "Your token does not reach all of these branches.")


class ClientRevoked(Refused):
    def __init__(self) -> None:
        super().__init__("client_revoked", "This API client is revoked for good; create another.")


class TokenRefused(CaibeiError):
    """No token. `code` is the `error` of RFC 6749, section 5.2; `status` the answer's HTTP status."""

    def __init__(self, code: str, detail: str, *, status: int = 400, retry_after: int | None = None) -> None:
        super().__init__(code, detail)
        self.status = status
        self.retry_after = retry_after
