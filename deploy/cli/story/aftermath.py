"""Act 5: the bar is repaired, inspected by someone else, and the client who waited gets an answer."""

from datetime import UTC, datetime, timedelta

from deploy.cli.chain.rooms import workshop
from deploy.cli.chain.services import Refusal
from deploy.cli.story.failure import Failure
from deploy.cli.story.stage import Found, Stage


async def put_right(stage: Stage, failure: Failure) -> None:
    """Everything the story broke is whole again at its end."""
    stage.tell.act(5, "Put right")
    await _repair(stage, failure)
    await _inspect(stage, failure)
    await _answer(stage, failure)


async def _repair(stage: Stage, failure: Failure) -> None:
    order = failure.recorded["lockout"]["work_order_id"]
    async with workshop(stage.services, "demo: workshop") as own:
        await own.post("room_equipment", f"/v1/work-orders/{order}/log", {"entry": "bar replaced, anchors torqued"})
        done = await own.post(
            "room_equipment",
            f"/v1/work-orders/{order}/complete",
            {"completed_by": {"name": "Tom Becker", "organisation": "Demo Metalworks", "credential": "DEMO-FITTER-9"}},
        )
    stage.tell.line(
        f"The workshop replaces the bar and completes the work order ({done['repairer_name']}). That is no release yet",
        "room-equipment",
    )
    stage.tell.fact("repair", work_order_id=order, status=done["status"])


async def _inspect(stage: Stage, failure: Failure) -> None:
    now = datetime.now(UTC)
    report = {
        "performed_at": now.replace(microsecond=0).isoformat(),
        "kind": "after_event",
        "inspector": {
            "name": "Paul Reyes",
            "organisation": "Demo Lifting Inspection",
            "credential": "DEMO-5822",
            "credential_valid_until": str(now.date() + timedelta(days=365)),
        },
        "checklist": [{"item": item, "result": "pass"} for item in ("fixings", "cracks", "corrosion", "load_test")],
        "load_test_kg": failure.bar["rated_load_kg"],
        "result": "pass",
        "note": "after repair",
    }
    path = f"/v1/bars/{failure.bar['id']}/inspections"
    passed = await stage.services.post("room_equipment", path, report)
    span = {"from": now.isoformat(), "to": (now + timedelta(days=1)).isoformat()}
    clear = await stage.services.get("room_equipment", f"/v1/rooms/{failure.room_id}/clearance", **span)
    again = "is cleared again" if clear["periods"] else "is still not cleared"
    stage.tell.line(
        f"Another inspector, who did not repair it, passes it until {passed['certificate']['valid_until']}: "
        f"{stage.room(failure.room_id)} [green]{again}[/]",
        "room-equipment",
    )
    stage.tell.fact(
        "repair", inspection_id=passed["id"], certificate=passed["certificate"], cleared=bool(clear["periods"])
    )


async def _answer(stage: Stage, failure: Failure) -> None:
    """Reception calls everyone who waits, and takes the first proposal that still holds."""
    settled, waiting = [], []
    for item in failure.waiting:
        name = await stage.client_name(item["client_id"])
        found = await _accept(stage, item)
        if found is None:
            stage.tell.line(f"No proposal holds any more for {name}: the session waits on", "scheduling", "wait")
            waiting.append(item["appointment_id"])
            continue
        stage.tell.line(
            f"Reception calls {name}, who takes {stage.when(found['starts_at'])}, {stage.room(found['room_id'])}: "
            f"[green]{found['status']}[/]",
            "scheduling",
        )
        settled.append(found)
    stage.tell.fact("answer", accepted=settled, still_waiting=waiting)


async def _accept(stage: Stage, item: Found) -> Found | None:
    """The same hour before all others. A stale proposal answers 409 with fresh ones; those are tried as well."""
    path, tried = f"/v1/appointments/{item['appointment_id']}/accept-alternative", 0
    offers = sorted(item["alternatives"], key=lambda offer: bool(offer["starts_at"] != item["starts_at"]))
    while offers and tried < 6:
        tried += 1
        body = {"alternative_id": offers.pop(0)["alternative_id"]}
        try:
            settled: Found = await stage.services.post("scheduling", path, body, wait=20)
        except Refusal as refusal:
            offers = list(refusal.body.get("alternatives") or offers)
            continue
        if settled["status"] in ("confirmed", "pending"):
            return settled
    return None
