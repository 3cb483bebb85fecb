"""Wiring of notification."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from services.notification import wordings
from services.notification.api import messages, preferences
from services.notification.asking import Scheduling
from services.notification.bell import BELL
from services.notification.consumers import HANDLERS
from services.notification.jobs import JOBS
from services.notification.people import people
from services.notification.sender import Sender
from services.notification.settings import Settings
from shared.kit.service import Service

STOP_SECONDS = 8.0


@asynccontextmanager
async def sending(app: FastAPI) -> AsyncIterator[None]:
    """The sender, in every process that works (roles `all` and `worker`)."""
    if app.state.role == "api":
        yield
        return
    settings: Settings = app.state.settings
    wordings.built_in()
    # A mail may wait; a booking on the same processor may not.
    os.setpriority(os.PRIO_PROCESS, 0, max(os.getpriority(os.PRIO_PROCESS, 0), settings.niceness))
    sender = Sender(app.state.database, Scheduling(app.state.peers), settings, BELL)
    task = asyncio.create_task(sender.run(), name="sender")
    try:
        yield
    finally:
        sender.stop()
        await asyncio.wait([task], timeout=STOP_SECONDS)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


SERVICE = Service(
    name="notification",
    settings=Settings,
    routers=(messages, preferences, people),
    handlers=HANDLERS,
    jobs=JOBS,
    resources=(sending,),
    description="What is written to clients and branches, and how it went.",
)
