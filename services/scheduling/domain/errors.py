"""Named refusals of scheduling."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from services.scheduling.domain.wording import WHY
from shared.errors import Invalid, Refused, TooMany

KEPT = " The appointment stays as it was."


class NonexistentLocalTime(Refused):
    """The branch's clock jumps over this time (spring change)."""

    def __init__(self, local: datetime, zone: str) -> None:
        super().__init__(
            "nonexistent_local_time",
            f"{local:%Y-%m-%dT%H:%M} does not exist in {zone}: the clock is put forward over it. Choose another time.",
            alternatives=[],
        )


class AmbiguousLocalTime(Refused):
    """The branch's clock shows this time twice (autumn change); `alternatives` holds both instants."""

    def __init__(self, local: datetime, zone: str, instants: Sequence[datetime]) -> None:
        self.instants = instants
        super().__init__(
            "ambiguous_local_time",
            f"{local:%Y-%m-%dT%H:%M} happens twice in {zone}. Send one of the two as starts_at.",
            alternatives=[instant.isoformat().replace("+00:00", "Z") for instant in instants],
        )


class WrongStatus(Refused):
    """The appointment's status does not allow this verb."""

    def __init__(self, verb: str, status: str) -> None:
        super().__init__("wrong_status", f"An appointment that is {status} cannot be {verb}.", current_status=status)


class SlotRefused(Refused):
    """A new slot that cannot be had; the appointment stands as it was. `alternatives` holds free ones near it."""

    def __init__(self, code: str, appointment_id: UUID, alternatives: list[dict[str, object]], **why: object) -> None:
        super().__init__(
            code, WHY.get(code, "") + KEPT, appointment_id=appointment_id, alternatives=alternatives, **why
        )


class SlotNotFree(Refused):
    """A slot that cannot be held; nothing is stored. `alternatives` holds free ones near it."""

    def __init__(self, code: str, alternatives: list[dict[str, object]]) -> None:
        super().__init__(code, WHY.get(code, "The slot cannot be held."), alternatives=alternatives)


class HoldExpired(Refused):
    """The time that was held is anybody's again; it may be among the `alternatives`."""

    def __init__(self, alternatives: list[dict[str, object]]) -> None:
        super().__init__(
            "hold_expired", "The hold has ended. Choose one of the alternatives.", alternatives=alternatives
        )


class TooManyHolds(TooMany):
    """One caller, or one client, cannot keep every slot."""

    def __init__(self, whose: str, count: int, wait: timedelta) -> None:
        seconds = max(1, int(wait.total_seconds()) + 1)
        detail = f"There are {count} holds for {whose} already. Confirm or release one, or wait {seconds} s."
        super().__init__("too_many_holds", detail, retry_after=seconds)


class TooEarly(Refused):
    """A client cannot have failed to come before the session began."""

    def __init__(self, starts_at: datetime) -> None:
        super().__init__("too_early", f"Before {starts_at.isoformat()}, when it begins, nobody is a no-show.")


class StaleAlternative(Refused):
    """The proposal was taken or withdrawn since it was shown; `alternatives` holds fresh ones."""

    def __init__(self, alternatives: list[dict[str, object]]) -> None:
        super().__init__("alternative_stale", "This alternative is gone; choose another.", alternatives=alternatives)


class Unknown(Invalid):
    """The body names something that is not there, or lies in another branch (which must look the same)."""

    def __init__(self, noun: str, pointer: str) -> None:
        super().__init__(f"unknown_{noun}", f"There is no such {noun}.", pointer=pointer)


class StartsInThePast(Invalid):
    """A session cannot be requested for a time that has passed."""

    def __init__(self, pointer: str = "/starts_at") -> None:
        super().__init__("starts_in_past", "The start lies in the past.", pointer=pointer)


class NothingToChange(Invalid):
    """A reschedule to the slot it has would write the client a mail about nothing."""

    def __init__(self) -> None:
        super().__init__("nothing_to_change", "The appointment has this slot already.", pointer="/starts_at")


class AlreadyWaiting(Refused):
    """A client stands once for the same treatment in the same branch at the same time."""

    def __init__(self, entry_id: UUID | None) -> None:
        detail = "This client waits for this already. Change that entry instead, or withdraw it."
        super().__init__("already_waiting", detail, entry_id=entry_id)


class EntryEnded(Refused):
    """Only who waits can change what they wait for."""

    def __init__(self, state: str) -> None:
        todo = {"offered": "Answer its offer first.", "accepted": "Its booking is under way."}
        detail = f"This entry is {state}. {todo.get(state, 'Join the line anew.')}"
        super().__init__("wrong_status", detail, current_status=state)


class OfferEnded(Refused):
    """An offer is answered once, while it stands."""

    def __init__(self, state: str) -> None:
        super().__init__("offer_ended", f"This offer is {state}; it cannot be answered any more.", current_status=state)
