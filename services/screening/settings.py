"""Settings of screening: `CAIBEI_SCREENING_*`."""

from pathlib import Path
from typing import ClassVar

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from shared.kit.links import LinkingSettings


class Settings(LinkingSettings):
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
    master_keys: SecretStr = Field(SecretStr(""), description="Instead of the file: keys as in it, parted by commas.")
    kms: str = Field(
        "", description="What wraps master keys in their file: `local`, or `package.module:factory` of an adapter."
    )
    kms_key: SecretStr = Field(SecretStr(""), description="The local KMS's key, 32 bytes in hex. Not beside the file.")
    key_shares_dir: Path = Field(
        Path(".caibei/screening-key-shares"),
        description="The half of each client's key that no backup of the database may hold. Erasing destroys it.",
    )
    document_max_bytes: int = Field(
        5_000_000, ge=1024, le=20_000_000, description="The largest scan of a letter. House rule, not a standard."
    )
    retention_months: int = Field(
        36, ge=0, le=600,
        description="Answers go so long after the last session or standing, unless a rule says otherwise; 0: never."
        " House rule, not a standard.",
    )  # fmt: skip

    invitation_days: int = Field(
        7, ge=1, le=60, description="House rule, not a standard: how long a link to the client's own page opens it."
    )

    def body_limits(self) -> dict[str, int]:
        """A letter's body holds a scan in base64, and some words."""
        return {"/clearances": self.document_max_bytes * 4 // 3 + 65_536}
