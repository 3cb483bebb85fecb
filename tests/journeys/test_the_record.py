"""What every journey left behind agrees everywhere, and no personal data left its vault on the way."""

import asyncio
import base64
from datetime import timedelta

import httpx

from tests.audit import settle, violations
from tests.journeys.canary import Canary, sightings
from tests.journeys.chain import PROTOCOL, Chain, at
from tests.journeys.forging import forge_raw
from tests.journeys.ledger import Ledger
from tests.journeys.mailbox import mails_to
from tests.journeys.system import Whole, until
from tests.screening.phone import Phone

NAME, EMAIL, PHONE = "Zephyrine Canarylastname", "zephyrine.canary@example.com", "+49 30 5550 7731"
GUARDIAN, DOCTOR, NOTE = "Guardina Canarysigner", "Doctorina Canaryletter", "canarynote allergic to lavender"
MASS, LOAD = 183.7, "367.4"
ROLE, REGISTRATION, FILENAME = "canary of medicine", "CANARY-REG-4711", "canary-letter-scan.pdf"
SCAN = b"%PDF-1.7 canary bytes of a scan %%EOF"
OPERATED_ON = "1987-03-17"
CANARIES = (
    *(Canary("contact", text) for text in (NAME, "Canarylastname", EMAIL, PHONE, "5550 7731")),
    *(Canary("health", text) for text in (GUARDIAN, DOCTOR, "canary-letter-scan", "canary limit in words")),
    *(Canary("health", text) for text in (ROLE, REGISTRATION, FILENAME, SCAN.decode(), OPERATED_ON)),
    Canary("health", base64.b64encode(SCAN).decode()),
    *(Canary("condition", text) for text in ("epilepsy", "osteoporosis", "joint_surgery", "fever_today")),
    Canary("note", NOTE),
    *(Canary("mass", text) for text in (str(MASS), LOAD)),
)


async def test_no_personal_data_leaves_its_vault(chain: Chain, whole: Whole, forged: set[str]) -> None:
    """A whole life of a client and a therapist: booked, refused, displaced, erased, dead letters included."""
    errors: list[str] = []
    spa = await chain.spa(rooms=0, therapists=0)
    room, heavy = await asyncio.gather(
        chain.room(spa.branch, rated_load_kg=500), chain.therapist(spa.branch, mass_kg=MASS)
    )
    spa.client = await chain.client(spa.branch, screened=None, name=NAME, email=EMAIL, phone=PHONE)
    surgery = {"joint_surgery": "yes", "joint_surgery_on": OPERATED_ON}
    screened = await chain.screen(spa.client | {"name": GUARDIAN}, epilepsy="yes", **surgery)
    letter = {
        "professional": {"name": DOCTOR, "role": ROLE, "registration": REGISTRATION},
        "verdict": "limits",
        "limits": ["canary limit in words"],
        "issued_on": at(0).date().isoformat(),
        "document": "canary-letter-scan",
    }
    clearances = f"/v1/screenings/{screened['id']}/clearances"
    answer = await chain.desk.post("screening", clearances, letter)
    assert answer.status_code == 201, answer.text
    scan = {"filename": FILENAME, "content_type": "application/pdf", "data": base64.b64encode(SCAN).decode()}
    answer = await chain.desk.post("screening", clearances, letter | {"document": scan})
    assert answer.status_code == 201, answer.text
    for wrong in (scan | {"content_type": "image/png"}, scan | {"data": FILENAME}):
        answer = await chain.desk.post("screening", clearances, letter | {"document": wrong})
        errors.append(answer.text)
    links = await _on_their_own_page(chain, whole, spa.client["id"], errors)
    await whole.restart("screening", "notification")  # a kill leaves nothing of it in a log either
    for path in (f"/v1/screenings/{screened['id']}", f"/v1/clients/{spa.client['id']}/export"):
        assert OPERATED_ON in (await chain.desk.send("GET", "screening", path)).text, "there was something to find"
    booked = await spa.book(notes=NOTE)
    door = {"client_id": spa.client["id"], "appointment_id": booked["id"], "answers": {"fever_today": DOCTOR}}
    errors.append((await chain.desk.post("screening", "/v1/arrivals", door)).text)
    errors.append((await spa.ask(therapist_id=heavy["id"])).text)
    weak = await chain.room(spa.branch, rated_load_kg=200)
    errors.append((await spa.ask(at(3), room_id=weak["id"], therapist_id=heavy["id"])).text)
    for service, path, body in (
        ("scheduling", "/v1/clients", {"name": NAME, "email": EMAIL, "phone": PHONE, "branch_ids": "x"}),
        ("scheduling", "/v1/clients", {"name": "\0" + NAME, "email": EMAIL + " ", "branch_ids": []}),
        ("screening", "/v1/screenings", {"answers": {"canary limit in words": "canary-letter-scan"}}),
        ("screening", "/v1/screenings", {"client_id": spa.client["id"], "signed_by": {"name": GUARDIAN * 20}}),
    ):
        errors.append((await chain.desk.post(service, path, body)).text)
    answer = await chain.desk.send(
        "PUT", "room_equipment", f"/v1/load-profiles/{heavy['id']}", {"mass_kg": f"{MASS}kg"}
    )
    errors.append(answer.text)
    await mails_to(whole, EMAIL)
    await chain.lock_out(room["bars"][0])
    await mails_to(whole, EMAIL, 2)
    await settle(whole)
    # A pointer may name a question, which everybody is asked; never what was answered.
    told = [canary for canary in CANARIES if canary.kind != "condition"]
    assert [f"error body {c}" for text in errors for c in told if c.is_in(text.encode())] == []
    assert await sightings(whole, (*CANARIES, *links)) == []
    drafts = "SELECT count(*) FROM invitations WHERE draft IS NOT NULL AND client_id = $1"
    assert await whole.value("screening", drafts, spa.client["id"]) == 1, "there was something to find"
    answers = await whole.value(
        "screening", "SELECT count(*) FROM screenings WHERE vault IS NOT NULL AND id = $1", screened["id"]
    )
    assert answers == 1, "there was something to find"


async def _on_their_own_page(chain: Chain, whole: Whole, client_id: str, errors: list[str]) -> list[Canary]:
    """One questionnaire signed, one left half answered, and forms that make no sense. Gives the links' tokens."""
    tokens = []
    async with httpx.AsyncClient(base_url=whole.runtime["services"]["screening"], trust_env=False) as http:
        for protocol in ("massage", PROTOCOL):
            body = {"client_id": client_id, "protocol": protocol, "send": False}
            invitation = await chain.desk.made("screening", "/v1/invitations", body)
            tokens.append(Canary("health", invitation["url"].rpartition("/")[2]))
            phone = await Phone(http, invitation["url"]).begin()
            await phone.fill(joint_surgery="yes", joint_surgery_on=OPERATED_ON)
            if protocol == "massage":
                errors.append((await phone.sign("", GUARDIAN)).answer.text)
                await phone.sign(GUARDIAN, "guardian")
                assert phone.answer.status_code == 200
            errors.append((await http.post(phone.url + GUARDIAN, data={GUARDIAN: OPERATED_ON})).text)
            errors.append((await http.post(phone.url, content=f"step={GUARDIAN}&%ff={DOCTOR}".encode())).text)
    return tokens


async def test_an_erased_client_is_forgotten_everywhere_and_the_record_still_agrees(chain: Chain, whole: Whole) -> None:
    spa = await chain.spa(therapists=1)
    name, email = "Erasmine Canarygone", "erasmine.canary@example.com"
    spa.client = await chain.client(spa.branch, name=name, email=email)
    booked = await spa.book()
    await mails_to(whole, email)
    gone = await chain.desk.send("DELETE", "scheduling", f"/v1/clients/{spa.client['id']}")
    assert gone.status_code == 204, gone.text
    assert (await chain.desk.send("GET", "scheduling", f"/v1/clients/{spa.client['id']}")).status_code == 404

    async def key_is_gone() -> bool:
        keys = "SELECT count(*) FROM client_keys WHERE client_id = $1"
        return not await whole.value("screening", keys, spa.client["id"])

    await until(key_is_gone, "screening destroyed the client's key")
    await settle(whole)
    assert (
        await whole.value("scheduling", "SELECT count(*) FROM clients WHERE name = $1 OR email = $2", name, email) == 0
    )
    sent = await whole.rows("notification", "SELECT sent_to FROM messages WHERE appointment_id = $1", booked["id"])
    assert {row["sent_to"] for row in sent} == {None}


async def test_a_poisoned_event_waits_as_a_dead_letter_and_others_pass(
    chain: Chain, whole: Whole, forged: set[str]
) -> None:
    spa = await chain.spa()
    booked = await spa.book()
    kinds = ("caibei.room-equipment.room.assigned.v1", "caibei.screening.appointment.cleared.v1")
    await forge_raw(
        whole, forged, booked["id"], [(kind, payload) for kind in kinds for payload in (b"{", b"\xff", b"{}")]
    )

    async def buried() -> bool:
        letters = await chain.desk.get("scheduling", "/v1/ops/dead-letters")
        return len([row for row in letters["items"] if row["message_key"] == booked["id"]]) >= 6

    await until(buried, "the poison is kept aside", 10)
    other = await chain.spa()
    await other.book()
    for row in (await chain.desk.get("scheduling", "/v1/ops/dead-letters", limit=200))["items"]:
        if row["message_key"] == booked["id"]:
            answer = await chain.desk.post("scheduling", f"/v1/ops/dead-letters/{row['id']}/discard")
            assert answer.status_code < 300, answer.text
    assert (await chain.desk.post("scheduling", f"/v1/appointments/{booked['id']}/cancel")).status_code == 200


async def test_everything_the_journeys_did_agrees_in_all_databases_and_topics(
    chain: Chain, whole: Whole, ledger: Ledger, forged: set[str]
) -> None:
    spa = await chain.spa(rooms=3, therapists=4)
    await asyncio.gather(*(spa.ask(at(2, 6) + timedelta(minutes=25 * (i % 9))) for i in range(40)))
    await settle(whole)
    assert sum(1 for _ in ledger.bookings()) > 40
    assert await violations(whole, ledger, forged=frozenset(forged)) == []
