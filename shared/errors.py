"""The error tree. The domain raises a kind and a code; the HTTP status is chosen once, at the edge.

CaibeiError
├── Invalid                422  the input breaks a stated shape or rule; `pointer` says where
├── Unauthenticated        401  no token, or one that does not hold
├── Forbidden              403  the token lacks the scope
├── NotFound               404  not there, or in another branch (which must look the same)
├── Refused                409  a rule of the spa said no; `code` says which
├── PreconditionFailed     412  If-Match named another version
├── TooLarge               413  the body is over the limit
├── PreconditionRequired   428  the update needs If-Match
├── TooMany                429  a limit by client; try again after `retry_after` seconds
└── Unavailable            503  a dependency is away; try again after `retry_after` seconds
"""


class CaibeiError(Exception):
    """A named refusal.

    Attributes:
        code: stable `snake_case` name that callers may switch on.
        detail: one sentence for a person: what is wrong and what to do next.
        extra: members added to the problem document (JSON-ready values).
    """

    def __init__(self, code: str, detail: str = "", **extra: object) -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail
        self.extra = extra


class Invalid(CaibeiError):
    """The input is wrong. `pointer` is an RFC 6901 JSON pointer into the body, or "" for the whole."""

    def __init__(self, code: str, detail: str = "", *, pointer: str = "", **extra: object) -> None:
        super().__init__(code, detail, **extra)
        self.pointer = pointer


class Unauthenticated(CaibeiError):
    """The caller did not prove who it is."""


class Forbidden(CaibeiError):
    """The caller is known and may not do this."""


class NotFound(CaibeiError):
    """There is no such thing for this caller."""


class Refused(CaibeiError):
    """A rule of the spa said no."""


class PreconditionFailed(CaibeiError):
    """The resource changed since the caller read it."""


class TooLarge(CaibeiError):
    """The body is over the limit."""


class PreconditionRequired(CaibeiError):
    """The update must name the version it was made from."""


class TooMany(CaibeiError):
    """The caller is over its limit. `retry_after` is in seconds."""

    def __init__(self, code: str, detail: str = "", *, retry_after: int = 1, **extra: object) -> None:
        super().__init__(code, detail, **extra)
        self.retry_after = retry_after


class Unavailable(CaibeiError):
    """Something this service needs is away. `retry_after` is in seconds."""

    def __init__(self, code: str, detail: str = "", *, retry_after: int = 1, **extra: object) -> None:
        super().__init__(code, detail, **extra)
        self.retry_after = retry_after
