"""Settings of identity: `CAIBEI_IDENTITY_*`."""

from functools import cache
from pathlib import Path
from typing import ClassVar

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from shared.kit.settings import ServiceSettings


class Settings(ServiceSettings):
    service: ClassVar[str] = "identity"
    model_config = SettingsConfigDict(env_prefix="CAIBEI_IDENTITY_", env_file=".env", extra="ignore", frozen=True)

    signing_key_file: Path = Field(
        Path(".caibei/identity-signing-key.pem"), description="PEM, EC P-256; the first key signs. Made if absent."
    )
    bootstrap_file: Path | None = Field(
        None, description='{"api_clients": [{name, client_id, client_secret, scopes, branches}]}, loaded at start.'
    )
    token_seconds: int = Field(600, ge=30, le=600, description="Life of an access token; rules.md allows ten minutes.")


@cache
def settings() -> Settings:
    """Read once."""
    return Settings()
