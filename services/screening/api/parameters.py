"""What several routes take: the vault, the language asked for, and why answers are read."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request

from services.screening.protocols import choose_locale
from services.screening.vault import Vault
from shared.errors import Invalid
from shared.kit.paging import position


async def _vault(request: Request) -> Vault:
    vault: Vault = request.app.state.vault
    return vault


async def _locale(
    request: Request,
    locale: Annotated[str | None, Query(max_length=35, description="Else the Accept-Language header.")] = None,
) -> str:
    return choose_locale(locale or request.headers.get("accept-language"))


def wants_fhir(request: Request, format: str | None) -> bool:
    """Whether an HL7 FHIR resource is asked for: by `?format=fhir`, else by the Accept header."""
    return format == "fhir" if format else "application/fhir+json" in request.headers.get("accept", "").lower()


def place_of(cursor: str | None) -> UUID | None:
    """The id at which a page ended.

    Raises:
        Invalid: the cursor is not one of ours.
    """
    place = position(cursor)
    try:
        return UUID(place) if place is not None else None
    except (ValueError, AttributeError, TypeError):
        raise Invalid("invalid_cursor", "Use the next_cursor of the page before, unchanged.") from None


TheVault = Annotated[Vault, Depends(_vault)]
Locale = Annotated[str, Depends(_locale)]
WhyRead = Annotated[str, Query(alias="reason", max_length=500, description="Why answers are read; it is audited.")]
