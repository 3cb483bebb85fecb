"""Each route that can tell an answer writes one audit line: who, whom and why. Routes come from the OpenAPI."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import pytest

from shared.kit.ids import new_id
from tests.screening.api.test_clearances import PDF
from tests.screening.chain import CLINICIAN, Chain, at_the_door, letter, questionnaire
from tests.screening.test_erasure import CANARY

# A schema with one of these may hold what somebody answered or what follows from it; so may one that names nothing.
TELLING = {"answers", "reasons", "limits", "signed_by", "clearances", "screenings", "arrivals", "item"}
NOBODYS = {"GET /v1/protocols/{name}/versions/{version}/source"}  # questions and rules, of nobody
SUBJECT, WHY = "dr-audit", "a question of the client"
SCOPES = (*CLINICIAN, "screening:limits", "ops:read")
READINGS = ("read_", "exported", "acknowledged_limits")


@dataclass
class Life:
    """A client with a screening, a letter with a scan, and a session of this caller."""

    chain: Chain
    client_id: UUID
    therapist_id: UUID
    appointment_id: UUID
    screening_id: str
    clearance_id: str

    def http(self) -> httpx.AsyncClient:
        return self.chain.http(*SCOPES, subject=SUBJECT, therapist_id=self.therapist_id)

    async def get(self, path: str) -> httpx.Response:
        async with self.http() as http:
            return await http.get(f"{path}{'&' if '?' in path else '?'}reason={WHY}")

    async def post(self, path: str, body: Any, **headers: str) -> httpx.Response:
        async with self.http() as http:
            return await http.post(path, json=body, headers=headers)

    async def readings(self) -> list[Any]:
        async with self.chain.app.state.database.transaction() as tx:
            rows = await tx.all("SELECT * FROM audit_log WHERE actor = :who ORDER BY id", {"who": SUBJECT})
        return [row for row in rows if row.action.startswith(READINGS)]


async def life(chain: Chain) -> Life:
    client_id, therapist_id = await chain.client(), new_id()
    screening = await chain.screened(client_id, cancer="yes")
    written = letter(
        verdict="limits",
        limits=[CANARY],
        document=PDF,
        professional={"name": CANARY, "role": "physician", "registration": None},
    )
    clearance = await chain.post(f"/v1/screenings/{screening['id']}/clearances", written, *CLINICIAN)
    request = chain.request(client_id, therapist_id=therapist_id)
    await chain.hear(request)
    return Life(chain, client_id, therapist_id, request.appointment_id, screening["id"], clearance.json()["id"])


Call = Callable[[Life], Awaitable[httpx.Response]]
# (route, how it is called, whether it tells); what is not here and could tell fails the test below.
CALLS: dict[str, tuple[Call, bool]] = {
    "POST /v1/screenings": (lambda at: at.post("/v1/screenings", questionnaire(at.client_id, cancer="yes")), True),
    "GET /v1/screenings": (lambda at: at.get(f"/v1/screenings?client_id={at.client_id}"), False),
    "GET /v1/screenings/{id}": (lambda at: at.get(f"/v1/screenings/{at.screening_id}"), True),
    "GET /v1/screenings/{id}/clearances/{clearance_id}/document": (
        lambda at: at.get(f"/v1/screenings/{at.screening_id}/clearances/{at.clearance_id}/document"),
        True,
    ),
    "POST /v1/screenings/{id}/limit-acknowledgements": (
        lambda at: at.post(
            f"/v1/screenings/{at.screening_id}/limit-acknowledgements", {"appointment_id": str(at.appointment_id)}
        ),
        True,
    ),
    "POST /v1/arrivals": (lambda at: at.post("/v1/arrivals", at_the_door(at.client_id, at.appointment_id)), True),
    "GET /v1/clients/{client_id}/export.pdf": (lambda at: at.get(f"/v1/clients/{at.client_id}/export.pdf"), True),
    "GET /v1/clients/{client_id}/export": (lambda at: at.get(f"/v1/clients/{at.client_id}/export"), True),
}


def could_tell(part: Any, root: dict[str, Any], seen: frozenset[str] = frozenset()) -> bool:
    """Whether a value of this schema could hold an answer."""
    if ref := part.get("$ref"):
        name = ref.rsplit("/", 1)[1]
        return name not in seen and could_tell(root["components"]["schemas"][name], root, seen | {name})
    if any(could_tell(each, root, seen) for each in (*part.get("anyOf", ()), *part.get("allOf", ()))):
        return True
    if part.get("type") == "array":
        return could_tell(part.get("items", {}), root, seen)
    properties = part.get("properties", {})
    return not TELLING.isdisjoint(properties) or any(could_tell(each, root, seen) for each in properties.values())


def telling_routes(document: dict[str, Any]) -> Iterator[str]:
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            for status, answer in operation["responses"].items():
                if not status.startswith("2") or not path.startswith("/v1/") or path.startswith("/v1/ops"):
                    continue
                schemas = [content.get("schema", {}) for content in answer.get("content", {}).values()]
                unsaid = status == "200" and method == "get" and not schemas  # a file
                if unsaid or any(could_tell(schema, document) for schema in schemas):
                    yield f"{method.upper()} {path}"


def test_every_route_that_could_tell_an_answer_is_looked_at_here(chain: Chain) -> None:
    assert set(telling_routes(chain.app.openapi())) - set(CALLS) - NOBODYS == set()


@pytest.mark.parametrize("route", CALLS)
async def test_a_route_that_tells_answers_writes_one_line_and_others_tell_none(route: str, chain: Chain) -> None:
    at = await life(chain)
    call, tells = CALLS[route]
    before = len(await at.readings())
    answer = await call(at)
    assert answer.status_code in (200, 201), answer.text
    lines = (await at.readings())[before:]
    assert len(lines) == int(tells)
    if not tells:
        assert CANARY not in answer.text and "cancer" not in answer.text
        return
    (line,) = lines
    assert (line.actor, line.branch_id) == (SUBJECT, chain.branch_id)
    assert line.subject_id in (at.screening_id, str(at.client_id))
    assert line.reason
    assert line.reason == WHY or not route.startswith("GET")


async def test_an_answer_replayed_from_an_idempotency_record_is_a_reading_too(chain: Chain) -> None:
    at = await life(chain)
    body, key = questionnaire(at.client_id, cancer="yes"), {"Idempotency-Key": f"read-{at.client_id}"}
    await at.post("/v1/screenings", body, **key)
    before = len(await at.readings())
    again = await at.post("/v1/screenings", body, **key)
    assert again.headers["idempotent-replayed"] == "true"
    (line,) = (await at.readings())[before:]
    assert (line.action, line.subject_id, line.reason) == ("read_answers", str(at.client_id), "the same POST again")


async def test_the_audit_log_is_readable_and_holds_no_answer(chain: Chain) -> None:
    at = await life(chain)
    for call, _ in CALLS.values():
        await call(at)
    text = (await at.get("/v1/audit?limit=200")).text
    assert SUBJECT in text
    assert CANARY not in text and "cancer" not in text
