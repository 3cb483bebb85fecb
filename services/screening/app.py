"""Wiring of screening."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from services.screening.api import ROUTERS
from services.screening.branch_contacts import branch_contacts
from services.screening.consumers import HANDLERS
from services.screening.jobs import JOBS
from services.screening.opening import open_vault
from services.screening.rescreening import rescreening
from services.screening.sealed_answers import SealedAnswers
from services.screening.settings import Settings
from services.screening.store import keys
from shared.errors import Unavailable
from shared.kit.service import Service


class MasterKeyMissing(RuntimeError):
    """Clients' keys are wrapped by a master key that is not there: to go on would look like a mass erasure."""


class KeySharesMissing(RuntimeError):
    """Clients' keys have shares that are not in the folder: it is another one, or an older copy."""


@asynccontextmanager
async def vault(app: FastAPI) -> AsyncIterator[None]:
    """Read the master keys, and refuse to start when they cannot serve what is stored."""
    settings: Settings = app.state.settings
    app.state.vault = open_vault(settings)
    try:
        async with app.state.database.transaction() as tx:
            lost = await keys.unopenable(tx, [key.id for key in app.state.vault.keys.keys])
            strangers = await keys.without_share(tx, app.state.vault.shares)
    except Unavailable:
        lost = strangers = 0  # the database is away: readiness says so, and each opening is checked anyway
    if lost:
        raise MasterKeyMissing(
            f"The keys of {lost} clients need a master key that is not in {settings.master_key_file}. Put it back."
        )
    if strangers:
        raise KeySharesMissing(
            f"The keys of {strangers} clients have no share in {settings.key_shares_dir}. Put the folder back."
        )
    yield


def _sealed_answers() -> SealedAnswers:
    return SealedAnswers(open_vault())


SERVICE = Service(
    name="screening",
    settings=Settings,
    routers=ROUTERS,
    handlers=HANDLERS,
    jobs=JOBS,
    resources=(vault, rescreening, branch_contacts),
    codec=_sealed_answers,
    description="Who may have which session: asked, decided, proved, and forgotten when asked to.",
)
