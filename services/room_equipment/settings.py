"""Settings of room-equipment: `CAIBEI_ROOM_EQUIPMENT_*`. The numbers are house rules, not standards."""

from decimal import Decimal
from functools import cache
from typing import ClassVar

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from services.room_equipment.domain.houserules import HouseRules
from shared.kit.settings import ServiceSettings


class Settings(ServiceSettings):
    service: ClassVar[str] = "room-equipment"
    model_config = SettingsConfigDict(env_prefix="CAIBEI_ROOM_EQUIPMENT_", env_file=".env", extra="ignore", frozen=True)

    inspection_interval_months: int = Field(6, ge=1, le=24, description="House rule: the longest a certificate holds.")
    safety_factor: Decimal = Field(Decimal(2), ge=1, le=10, description="House rule: on the therapist's mass.")
    load_profile_months: int = Field(12, ge=1, le=60, description="House rule: how old a load profile may be.")
    turnover_minutes: int = Field(15, ge=0, le=240, description="House rule: of a room that names none.")
    early_start_minutes: int = Field(10, ge=0, le=240, description="House rule: how long before its time.")
    check_minutes: int = Field(60, ge=1, le=720, description="House rule: how old a check before use may be at start.")
    proof_seconds: float = Field(1.0, gt=0, le=5, description="How long the start gate waits for each answer.")

    @property
    def house_rules(self) -> HouseRules:
        return HouseRules(
            inspection_interval_months=self.inspection_interval_months,
            safety_factor=self.safety_factor,
            load_profile_months=self.load_profile_months,
            turnover_minutes=self.turnover_minutes,
            early_start_minutes=self.early_start_minutes,
            check_minutes=self.check_minutes,
        )


@cache
def settings() -> Settings:
    """Read once."""
    return Settings()
