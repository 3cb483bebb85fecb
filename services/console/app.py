"""Wiring of the console."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from services.console.api import pages
from services.console.bar_pages import bar_pages
from services.console.health_of_services import HealthOfServices
from services.console.mailbox import Mailbox
from services.console.settings import Settings
from shared.kit.service import Service


class UnsafeSetting(RuntimeError):
    """A setting that must not be used here; the console refuses to start."""


@asynccontextmanager
async def watching(app: FastAPI) -> AsyncIterator[None]:
    """What the health page asks with."""
    app.state.health = HealthOfServices(app.state.common)
    try:
        yield
    finally:
        await app.state.health.close()


@asynccontextmanager
async def catching_mail(app: FastAPI) -> AsyncIterator[None]:
    """The mail catcher, on a developer's machine only: its mailbox has no lock."""
    settings: Settings = app.state.settings
    app.state.mailbox = None
    if not settings.smtp_port:
        yield
        return
    if app.state.common.environment == "production":
        raise UnsafeSetting("CAIBEI_CONSOLE_SMTP_PORT opens a mailbox anyone can read; it is not for production.")
    from services.console.catcher import catching  # its library comes with the embedded servers only

    os.setpriority(os.PRIO_PROCESS, 0, max(os.getpriority(os.PRIO_PROCESS, 0), settings.niceness))
    mailbox = Mailbox(settings.mailbox_mails, settings.mailbox_bytes)
    async with catching(mailbox, settings.smtp_host, settings.smtp_port, settings.mail_bytes):
        app.state.mailbox = mailbox
        yield


SERVICE = Service(
    name="console",
    settings=Settings,
    routers=(pages, bar_pages),
    resources=(watching, catching_mail),
    has_database=False,
    description="The web page: the health of all services, and on a developer's machine their mails.",
)
