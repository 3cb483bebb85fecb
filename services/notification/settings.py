"""Settings of notification: `CAIBEI_NOTIFICATION_*`."""

from functools import cache
from typing import ClassVar, Literal

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from shared.kit.settings import ServiceSettings


class Settings(ServiceSettings):
    service: ClassVar[str] = "notification"
    model_config = SettingsConfigDict(env_prefix="CAIBEI_NOTIFICATION_", env_file=".env", extra="ignore", frozen=True)

    smtp_host: str = "127.0.0.1"
    smtp_port: int = Field(1025, ge=1, le=65535)
    smtp_tls: Literal["none", "starttls", "tls"] = Field("none", description="`none` is for a server on this machine.")
    smtp_username: str = ""
    smtp_password: SecretStr = SecretStr("")
    smtp_seconds: float = Field(15, gt=0, description="The longest one answer of the mail server may take.")
    smtp_connections: int = Field(4, ge=1, le=50, description="Mails on their way at once, by process.")
    mail_from: str = Field("Caibei <no-reply@caibei.test>", description="Who mails come from; also names Message-IDs.")
    batch: int = Field(100, ge=1, le=200, description="Mails taken at once: two reads from scheduling each time.")
    gather_seconds: float = Field(0.2, ge=0, description="Least time between two batches, so that they are large.")
    lease_seconds: float = Field(15, ge=0.3, description="A killed sender's messages go to another after that.")
    kept_days: int = Field(180, ge=1, description="Messages are forgotten after that.")
    niceness: int = Field(10, ge=0, le=19, description="Of this process: bookings come first on a small machine.")


@cache
def settings() -> Settings:
    """Read once."""
    return Settings()
