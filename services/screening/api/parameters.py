"""What several routes take: the vault, the language asked for, and why answers are read."""

from typing import Annotated

from fastapi import Depends, Query, Request

from services.screening.protocols import choose_locale
from services.screening.vault import Vault


async def _vault(request: Request) -> Vault:
    vault: Vault = request.app.state.vault
    return vault


async def _locale(
    request: Request,
    locale: Annotated[str | None, Query(max_length=35, description="Else the Accept-Language header.")] = None,
) -> str:
    return choose_locale(locale or request.headers.get("accept-language"))


TheVault = Annotated[Vault, Depends(_vault)]
Locale = Annotated[str, Depends(_locale)]
WhyRead = Annotated[str, Query(alias="reason", max_length=500, description="Why answers are read; it is audited.")]
