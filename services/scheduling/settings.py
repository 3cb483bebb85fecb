"""Scheduling's settings: `CAIBEI_SCHEDULING_*`. Defaults that no source gives are house rules, not standards."""

from functools import lru_cache
from typing import Literal

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from shared.kit.links import LinkingSettings


class Settings(LinkingSettings):
    service = "scheduling"
    model_config = SettingsConfigDict(
        env_prefix="CAIBEI_SCHEDULING_", env_file=".env", extra="ignore", frozen=True, populate_by_name=True
    )

    grid_minutes: int = Field(15, ge=5, le=120, description="Availability offers starts on this local grid.")
    lead_minutes: int = Field(
        0, ge=0, le=10_080, description="Availability offers no start sooner than this; the desk may book any minute."
    )
    horizon_days: int = Field(400, ge=30, le=800, description="How far ahead recurring shifts are laid out.")
    answer_seconds: int = Field(30, ge=1, description="Deadline of the saga, from the relay's publish mark.")
    unpublished_minutes: int = Field(15, ge=1, description="How long an unpublished request stays pending at most.")
    past_grace_minutes: int = Field(5, ge=0, description="A walk-in may be entered this long after it began.")
    reference_seconds: float = Field(2.0, ge=0, description="How long a room not heard of yet is waited for.")
    hold_minutes: int = Field(5, ge=1, le=60, description="How long a hold lasts. House rule, not a standard.")
    hold_longest_minutes: int = Field(
        15, ge=1, le=60, description="The longest hold that can be asked for. House rule."
    )
    holds_per_client: int = Field(3, ge=1, description="Holds for one client at a time. House rule, not a standard.")
    holds_per_api_client: int = Field(30, ge=1, description="Holds by one API client at a time. House rule.")
    cancel_free_minutes: int = Field(
        1440, ge=0, le=43200, description="Until when cancelling is free where no policy says. House rule."
    )
    calendar_title: Literal["neutral", "treatment"] = Field(
        "neutral", description="What a client's calendar entry is called: after the branch, or after the treatment."
    )
    calendar_feed_url: str = Field("", description="Where calendar feeds are reached; empty: `CAIBEI_SCHEDULING_URL`.")
    calendar_feed_reads_per_minute: int = Field(30, ge=1, description="Of one feed, by a process. House rule.")
    waitlist_offer_minutes: int = Field(
        120, ge=5, le=2880, description="How long an offer of the waitlist stands at most. House rule, not a standard."
    )
    waitlist_offer_least_minutes: int = Field(
        10, ge=1, le=60, description="A slot that leaves less than this to decide is not offered. House rule."
    )
    waitlist_lead_minutes: int = Field(
        60, ge=0, le=1440, description="So long before its start a slot is nobody's in line any more. House rule."
    )
    waitlist_longest_days: int = Field(92, ge=1, le=400, description="The longest window in line. House rule.")
    waitlist_misses: int = Field(
        3, ge=1, le=20, description="Offers in a row that may lapse unanswered before an entry ends. House rule."
    )
    series_most: int = Field(60, ge=2, le=400, description="Dates of a series at most. House rule, not a standard.")
    alternatives: int = Field(5, ge=0, le=20, description="Slots offered with a refusal.")
    tolerance_minutes: int = Field(
        4320, ge=0, le=20_160, description="How far from its time a session that cannot take place is proposed again,"
        " where the client has said nothing. House rule, not a standard."
    )  # fmt: skip
    alternative_branches: int = Field(4, ge=0, le=20, description="Other branches looked at for one. House rule.")
    alternative_treatments: int = Field(3, ge=0, le=20, description="Other treatments looked at. House rule.")
    offered_treatments: int = Field(
        5, ge=0, le=20, description="Other treatments named to who loses a session by screening. House rule."
    )
    escalate_minutes: int = Field(
        120, ge=0, le=20_160, description="So long before the start what nobody acted on becomes the manager's. House"
        " rule, not a standard."
    )  # fmt: skip
    refill_minutes: int = Field(10, ge=1, description="Proposals older than this are computed again. House rule.")
    shown_seconds: int = Field(30, ge=0, description="Older ones are computed again when one item is read. House rule.")


@lru_cache
def settings() -> Settings:
    """Read once a process."""
    return Settings()
