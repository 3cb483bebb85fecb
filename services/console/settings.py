"""Settings of the console: `CAIBEI_CONSOLE_*`."""

from typing import ClassVar

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from shared.kit.settings import ServiceSettings


class Settings(ServiceSettings):
    service: ClassVar[str] = "console"
    model_config = SettingsConfigDict(env_prefix="CAIBEI_CONSOLE_", env_file=".env", extra="ignore", frozen=True)

    smtp_port: int = Field(0, ge=0, le=65535, description="Mail catcher and /dev/mailbox; 0 leaves both out.")
    smtp_host: str = "127.0.0.1"
    mailbox_mails: int = Field(5_000, ge=1, description="The oldest mail goes when there are more,")
    mailbox_bytes: int = Field(64 * 1024 * 1024, ge=1024, description="or when they are larger together.")
    mail_bytes: int = Field(512 * 1024, ge=1024, description="A larger mail is refused.")
    niceness: int = Field(5, ge=0, le=19, description="Of this process while it catches mail; bookings come first.")
