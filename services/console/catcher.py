"""A mail server that delivers nowhere: what the services send on a developer's machine lands in the mailbox."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from aiosmtpd.smtp import SMTP, Envelope, Session

from services.console.mailbox import Mailbox
from shared.kit import logging

log = logging.get(__name__)
QUIET_SECONDS = 60
"""An SMTP connection that says nothing for so long is closed."""


class _Handler:
    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        content = envelope.content
        assert isinstance(content, bytes)
        self._mailbox.add(datetime.now(UTC), envelope.mail_from or "", tuple(envelope.rcpt_tos), content)
        return "250 OK"


@asynccontextmanager
async def catching(mailbox: Mailbox, host: str, port: int, mail_bytes: int) -> AsyncIterator[int]:
    """Listen until the block ends; gives the port, which is another one when `port` is 0."""
    loop = asyncio.get_running_loop()
    handler = _Handler(mailbox)
    server = await loop.create_server(
        lambda: SMTP(
            handler,
            hostname="mailbox.caibei.test",
            data_size_limit=mail_bytes,
            enable_SMTPUTF8=True,
            timeout=QUIET_SECONDS,
            loop=loop,
        ),
        host,
        port,
    )
    bound: int = server.sockets[0].getsockname()[1]
    log.info("catching mail", port=bound)
    try:
        yield bound
    finally:
        server.close()
