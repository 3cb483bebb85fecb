"""Settings of screening: `CAIBEI_SCREENING_*`."""

from pathlib import Path
from typing import ClassVar

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from shared.kit.settings import ServiceSettings


class Settings(ServiceSettings):
    service: ClassVar[str] = "screening"
    model_config = SettingsConfigDict(env_prefix="CAIBEI_SCREENING_", env_file=".env", extra="ignore", frozen=True)

    master_key_file: Path = Field(
        Path(".caibei/screening-master.key"),
        description="One key a line, 32 bytes in base64 or hex; the first wraps new keys. Made if absent.",
    )
    renewal_notice_days: int = Field(
        7,
        ge=1,
        le=60,
        description="House rule, not a standard: how many days before a booked session its client is asked for new "
        "answers, when the present ones will not hold until then.",
    )
