"""Settings of room-equipment: `CAIBEI_ROOM_EQUIPMENT_*`. The numbers are house rules, not standards."""

from decimal import Decimal
from functools import cache
from typing import ClassVar

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import SettingsConfigDict

from services.room_equipment.domain.houserules import HouseRules
from shared.kit.settings import ServiceSettings


class Settings(ServiceSettings):
    service: ClassVar[str] = "room-equipment"
    model_config = SettingsConfigDict(env_prefix="CAIBEI_ROOM_EQUIPMENT_", env_file=".env", extra="ignore", frozen=True)

    inspection_interval_months: int = Field(6, ge=1, le=24, description="House rule: the longest a certificate holds.")
    safety_factor: Decimal = Field(Decimal(2), ge=1, le=10, description="House rule: on the therapist's mass.")
    safety_factor_minimum: Decimal = Field(
        Decimal(1), ge=1, le=10, description="The least safety factor that a chain or branch may set for itself."
    )
    load_profile_months: int = Field(12, ge=1, le=60, description="House rule: how old a load profile may be.")
    turnover_minutes: int = Field(15, ge=0, le=240, description="House rule: of a room that names none.")
    early_start_minutes: int = Field(10, ge=0, le=240, description="House rule: how long before its time.")
    check_minutes: int = Field(60, ge=1, le=720, description="House rule: how old a check before use may be at start.")
    label_key: SecretStr = Field(SecretStr(""), description="Signs the QR codes of labels; 32 characters or more.")
    label_key_before: SecretStr = Field(SecretStr(""), description="The key before it: its labels still open.")
    label_url: str = Field("", description="The console as a phone reaches it; CAIBEI_CONSOLE_URL when empty.")
    letterhead: str = Field("", description="Name and address on certificates; `|` between its lines.")
    overdue_days: int = Field(7, ge=0, le=365, description="House rule: days a lapse may last before it is overdue.")
    warning_days: tuple[int, ...] = Field(
        (30, 14, 7, 1), description="House rule: days before a certificate ends, each warned of once."
    )
    proof_seconds: float = Field(1.0, gt=0, le=5, description="How long the start gate waits for each answer.")

    @field_validator("label_key", "label_key_before")
    @classmethod
    def _is_long_enough(cls, key: SecretStr) -> SecretStr:
        if 0 < len(key.get_secret_value()) < 32:
            raise ValueError("a key of labels has 32 characters or more")
        return key

    @property
    def label_keys(self) -> list[str]:
        """The keys whose labels open: the one that signs, and the one before."""
        return [self.label_key.get_secret_value(), self.label_key_before.get_secret_value()]

    @property
    def letterhead_lines(self) -> list[str]:
        return [line.strip() for line in self.letterhead.split("|") if line.strip()] or ["Caibei"]

    @property
    def house_rules(self) -> HouseRules:
        return HouseRules(
            inspection_interval_months=self.inspection_interval_months,
            safety_factor=self.safety_factor,
            load_profile_months=self.load_profile_months,
            turnover_minutes=self.turnover_minutes,
            early_start_minutes=self.early_start_minutes,
            check_minutes=self.check_minutes,
            overdue_days=self.overdue_days,
            warning_days=self.warning_days,
        )


@cache
def settings() -> Settings:
    """Read once."""
    return Settings()
