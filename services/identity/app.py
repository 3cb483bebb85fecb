"""Wiring of identity."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from services.identity import bootstrap, signing
from services.identity.api import ROUTERS
from services.identity.jobs import JOBS
from services.identity.sealed_answers import SealedAnswers
from services.identity.settings import Settings
from shared.kit import logging
from shared.kit.service import Service

log = logging.get(__name__)


@asynccontextmanager
async def bootstrapped(app: FastAPI) -> AsyncIterator[None]:
    """Read the signing keys, and store the clients of the bootstrap file before the first request is answered."""
    settings: Settings = app.state.settings
    app.state.signing_keys = signing.load_or_create(settings.signing_key_file)
    if settings.bootstrap_file is not None:
        file = bootstrap.read(settings.bootstrap_file)
        async with app.state.database.transaction() as tx:
            count = await bootstrap.load(tx, file)
        log.info("bootstrap file is loaded", api_clients=count)
    yield


def _sealed_answers() -> SealedAnswers:
    return SealedAnswers(signing.load_or_create(Settings().signing_key_file))


SERVICE = Service(
    name="identity",
    settings=Settings,
    routers=ROUTERS,
    jobs=JOBS,
    resources=(bootstrapped,),
    codec=_sealed_answers,
    announces=False,
    description="Access tokens for API clients, and the keys that verify them.",
)
