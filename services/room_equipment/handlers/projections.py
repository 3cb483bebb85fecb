"""Remembers what scheduling says of branches, treatments, therapists; forgets an erased client."""

from services.room_equipment.store import projections
from shared.events.room_equipment import ClientForgottenByRooms
from shared.events.scheduling import (
    BranchChanged,
    BranchRegistered,
    ClientErased,
    TherapistChanged,
    TherapistRegistered,
    TreatmentChanged,
    TreatmentRegistered,
)
from shared.kit.database import Transaction
from shared.kit.inbox import Received


async def on_branch(tx: Transaction, batch: list[Received[BranchRegistered | BranchChanged]]) -> None:
    events = [received.event for received in batch]
    await projections.put_branches(
        tx,
        {
            "ids": [event.branch_id for event in events],
            "versions": [event.version for event in events],
            "codes": [event.code for event in events],
            "timezones": [event.timezone for event in events],
        },
    )


async def on_treatment(tx: Transaction, batch: list[Received[TreatmentRegistered | TreatmentChanged]]) -> None:
    events = [received.event for received in batch]
    await projections.put_treatments(
        tx,
        {
            "ids": [event.treatment_id for event in events],
            "versions": [event.version for event in events],
            "codes": [event.code for event in events],
            "durations": [event.duration_minutes for event in events],
            "turnovers": [event.turnover_minutes for event in events],
            "requires_bar": [event.requires_bar for event in events],
            "protocols": [event.screening_protocol for event in events],
        },
    )


async def on_therapist(tx: Transaction, batch: list[Received[TherapistRegistered | TherapistChanged]]) -> None:
    events = [received.event for received in batch]
    await projections.put_therapists(
        tx,
        {
            "ids": [event.therapist_id for event in events],
            "versions": [event.version for event in events],
            "branches": [",".join(map(str, event.branch_ids)) for event in events],
            "active": [event.active for event in events],
        },
    )


async def on_client_erased(tx: Transaction, batch: list[Received[ClientErased]]) -> None:
    await projections.forget_clients(tx, [received.event.client_id for received in batch])
    tx.announce(*(ClientForgottenByRooms(client_id=received.event.client_id) for received in batch))
