"""Nouns of protocols in the making: a chain's own protocol, and its way to being asked."""

import copy
import secrets
from typing import Any
from uuid import UUID

from services.screening.handlers.rescreen import next_batch
from tests.screening.chain import Chain

AUTHOR = ("screening:read", "screening:protocols")
Source = dict[str, Any]


def a_name() -> str:
    """A protocol no other test asks."""
    return f"tried-{secrets.token_hex(4)}"


async def massage_source(chain: Chain) -> Source:
    """The default's massage as it is written, to be copied and changed."""
    source: Source = (await chain.get("/v1/protocols/massage/versions/2/source", *AUTHOR)).json()
    return source


def changed(source: Source, reason: str, **rule: Any) -> Source:
    """A copy in which the rules of this reason say something else."""
    made = copy.deepcopy(source)
    for each in made["rules"]:
        if each["reason"] == reason:
            each.update(rule)
    return made


def asking(source: Source, id: str, **rule: Any) -> Source:
    """A copy that asks one more standing question."""
    made = copy.deepcopy(source)
    text = dict.fromkeys(("en", "zh-Hans", "de", "es"), f"About {id}?")
    made["questions"].append({"id": id, "section": "standing", "type": "boolean", "text": text})
    made["rules"].append({"reason": id, "when": {id: "yes"}, "outcome": "clearance_required"} | rule)
    return made


async def drafted(chain: Chain, name: str, source: Source, **more: Any) -> int:
    response = await chain.post(f"/v1/protocols/{name}/versions", source | more, *AUTHOR, subject="ann-author")
    if response.status_code == 404:
        response = await chain.post("/v1/protocols", source | more | {"name": name}, *AUTHOR, subject="ann-author")
    assert response.status_code == 201, response.text
    return int(response.json()["version"])


async def reviewed(chain: Chain, name: str, source: Source) -> int:
    """Drafted and submitted by one person, approved by another."""
    version = await drafted(chain, name, source)
    path = f"/v1/protocols/{name}/versions/{version}"
    for verb, body, subject in (
        ("submit", {}, "ann-author"),
        ("review", {"verdict": "approved"}, "rita-reviewer"),
    ):
        response = await chain.post(f"{path}/{verb}", body, *AUTHOR, subject=subject)
        assert response.status_code == 200, response.text
    return version


async def activated(chain: Chain, name: str, source: Source) -> tuple[int, str]:
    """A reviewed version that is asked from now on; with the id of its activation."""
    version = await reviewed(chain, name, source)
    return version, await activation(chain, name, version)


async def activation(chain: Chain, name: str, version: int, query: str = "") -> str:
    response = await chain.post(f"/v1/protocols/{name}/versions/{version}/activate{query}", {}, *AUTHOR)
    assert response.status_code == 202, response.text
    id: str = response.json()["id"]
    return id


async def rerun(chain: Chain, id: str, batch: int = 100) -> dict[str, Any]:
    """Work as the background does until this run is over; what it then says of itself."""
    while (shown := await progress(chain, id))["state"] in ("scheduled", "running"):
        await one_batch(chain, batch)
    return shown


async def one_batch(chain: Chain, batch: int) -> bool:
    async with chain.app.state.database.transaction() as tx:
        return await next_batch(tx, chain.app.state.vault, batch)


async def progress(chain: Chain, id: str) -> dict[str, Any]:
    shown: dict[str, Any] = (await chain.get(f"/v1/protocol-activations/{id}")).json()
    return shown


async def screened_under(chain: Chain, name: str, version: int, client_id: UUID, **answers: str) -> dict[str, Any]:
    """A client who is healthy but for these answers, screened under a version of a chain's own protocol."""
    shown = (await chain.get(f"/v1/protocols/{name}/versions/{version}")).json()
    healthy = {
        question["id"]: "no"
        for question in shown["questions"]
        if question["section"] == "standing" and question["asked_when"] is None
    }
    body = {
        "client_id": str(client_id), "protocol": name, "protocol_version": version, "answers": healthy | answers,
        "advisory_acknowledged": True, "signed_by": {"name": "Ada Example", "relationship": "self"},
    }  # fmt: skip
    response = await chain.post("/v1/screenings", body, "screening:read", "screening:write", "screening:answers")
    assert response.status_code == 201, response.text
    made: dict[str, Any] = response.json()
    return made
