"""The way to the mail server: a few connections kept open, and what its refusals mean."""

import asyncio
from types import TracebackType

import aiosmtplib

from services.notification.settings import Settings

CLOSING = 421
IDLE_SECONDS = 20.0  # shorter than the idle limit of any mail server


class MailServerAway(Exception):
    """It cannot be reached, or takes nothing now (421): nothing is wrong with the mail."""


class Refused(Exception):
    """It answered no to this mail. `lasting`: another attempt would get the same answer (5yz)."""

    def __init__(self, code: int) -> None:
        self.reason = f"smtp_{code}" if 400 <= code < 600 else "smtp_garbled"
        super().__init__(self.reason)
        self.lasting = 500 <= code < 600


class Connection:
    """One connection, opened by the first mail and again when it was lost. For one user at a time."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._smtp: aiosmtplib.SMTP | None = None
        self._used = 0.0

    async def send(self, sender: str, to: str, content: bytes) -> None:
        """Hand one mail over; when this returns, the mail server has taken it.

        Raises:
            MailServerAway, Refused.
        """
        smtp = await self._open()
        self._used = asyncio.get_running_loop().time()
        try:
            await smtp.sendmail(sender, [to], content)
        except (aiosmtplib.SMTPRecipientsRefused, aiosmtplib.SMTPResponseException) as error:
            code = error.recipients[0].code if isinstance(error, aiosmtplib.SMTPRecipientsRefused) else error.code
            if code == CLOSING:
                await self.close()
                raise MailServerAway from None
            if not 400 <= code < 600:
                self._drop()  # what it says is not SMTP: its next words would be taken for another answer
            raise Refused(code) from None
        except (aiosmtplib.SMTPException, OSError, ValueError):
            await self.close()
            raise MailServerAway from None
        except BaseException:
            # Cancelled in the middle of a conversation: nobody knows how far it got.
            self._drop()
            raise

    async def close(self) -> None:
        smtp, self._smtp = self._smtp, None
        if smtp is not None and smtp.is_connected:
            try:
                await smtp.quit(timeout=2)
            except (aiosmtplib.SMTPException, OSError):
                smtp.close()

    def _drop(self) -> None:
        smtp, self._smtp = self._smtp, None
        if smtp is not None:
            smtp.close()

    async def _open(self) -> aiosmtplib.SMTP:
        idle = asyncio.get_running_loop().time() - self._used
        if self._smtp is not None and self._smtp.is_connected and idle < IDLE_SECONDS:
            return self._smtp
        await self.close()
        use = self._settings
        smtp = aiosmtplib.SMTP(
            hostname=use.smtp_host,
            port=use.smtp_port,
            username=use.smtp_username or None,
            password=use.smtp_password.get_secret_value() or None,
            use_tls=use.smtp_tls == "tls",
            start_tls=use.smtp_tls == "starttls",
            timeout=use.smtp_seconds,
            local_hostname="caibei.local",
        )
        try:
            await smtp.connect()
        except (aiosmtplib.SMTPException, OSError, ValueError):
            smtp.close()
            raise MailServerAway from None
        self._smtp = smtp
        return smtp


class Connections:
    """All of them; closed with the block."""

    def __init__(self, settings: Settings) -> None:
        self.all = [Connection(settings) for _ in range(settings.smtp_connections)]

    async def __aenter__(self) -> "Connections":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.gather(*(connection.close() for connection in self.all))
