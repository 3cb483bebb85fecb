"""Appointments that are confirmed together or not at all: the gate at the moment one of them would be (ADR 0031).

A party is a group's members, or the dates of a series that is wanted whole. Each of them is asked for by itself, and
keeps what it was given until all have it.
"""

from collections.abc import Iterable
from uuid import UUID

from services.scheduling.domain import saga
from services.scheduling.domain.appointment import Appointment


class Parties:
    """The undecided parties of a transaction. It has locked all of each (`store.appointments.lock`), or knows none."""

    def __init__(self, locked: Iterable[Appointment] = ()) -> None:
        self._members: dict[UUID, list[Appointment]] = {}
        for appointment in locked:
            if appointment.in_party and appointment.party_id is not None:
                self._members.setdefault(appointment.party_id, []).append(appointment)

    def certain(self, appointment: Appointment) -> list[Appointment]:
        """Who is to be confirmed now that this one could be: itself; of a party all of it, or nobody yet."""
        if not appointment.in_party:
            return [appointment]
        members = [appointment, *self.others(appointment)]
        whole = len(members) == appointment.party_size
        ready = all(isinstance(saga.decide(member), saga.Confirm) for member in members)
        return members if whole and ready else []

    def others(self, appointment: Appointment) -> list[Appointment]:
        """Who is refused with this one."""
        if not appointment.in_party or appointment.party_id is None:
            return []
        members = self._members.get(appointment.party_id, [])
        return [member for member in members if member.in_party and member.id != appointment.id]
