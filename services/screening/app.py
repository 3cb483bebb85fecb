"""Wiring of screening."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from services.screening.api import ROUTERS
from services.screening.consumers import HANDLERS
from services.screening.jobs import JOBS
from services.screening.master_keys import load_or_create
from services.screening.rescreening import rescreening
from services.screening.sealed_answers import SealedAnswers
from services.screening.settings import Settings
from services.screening.store.clients import unopenable_keys
from services.screening.vault import Vault
from shared.errors import Unavailable
from shared.kit import logging
from shared.kit.service import Service

log = logging.get(__name__)


class MasterKeyMissing(RuntimeError):
    """Clients' keys are wrapped by a master key that is not in the file: to go on would look like a mass erasure."""


@asynccontextmanager
async def vault(app: FastAPI) -> AsyncIterator[None]:
    """Read the master keys, and refuse to start when they cannot serve what is stored."""
    settings: Settings = app.state.settings
    app.state.vault = Vault(load_or_create(settings.master_key_file))
    try:
        async with app.state.database.transaction() as tx:
            lost = await unopenable_keys(tx, [key.id for key in app.state.vault.keys.keys])
    except Unavailable:
        lost = 0  # the database is away: readiness says so, and each opening is checked anyway
    if lost:
        raise MasterKeyMissing(
            f"The keys of {lost} clients need a master key that is not in {settings.master_key_file}. Put it back."
        )
    yield


def _sealed_answers() -> SealedAnswers:
    return SealedAnswers(load_or_create(Settings().master_key_file))


SERVICE = Service(
    name="screening",
    settings=Settings,
    routers=ROUTERS,
    handlers=HANDLERS,
    jobs=JOBS,
    resources=(vault, rescreening),
    codec=_sealed_answers,
    description="Who may have which session: asked, decided, proved, and forgotten when asked to.",
)
