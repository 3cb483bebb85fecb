"""`?id=&id=`: what another service asks for in one read, a hundred at a time, and only inside its token's branches."""

from uuid import uuid4

import pytest

from tests.scheduling.builders import Chain, tomorrow


async def test_named_appointments_come_together_and_those_of_other_branches_do_not(chain: Chain) -> None:
    here, there = await chain.place(), await chain.place()
    mine, theirs = await chain.request(here, tomorrow(10)), await chain.request(there, tomorrow(11))
    ids = [mine["id"], theirs["id"], str(uuid4())]
    both = await chain.get("/v1/appointments", id=ids)
    assert {item["id"] for item in both["items"]} == {mine["id"], theirs["id"]}
    assert mine in both["items"]

    headers = chain.mint.bearer("scheduling:read", branches=[here.branch_id])
    answer = await chain.http.get("/v1/appointments", params={"id": ids}, headers=headers)
    assert [item["id"] for item in answer.json()["items"]] == [mine["id"]]


async def test_named_clients_come_together_and_those_of_other_branches_do_not(chain: Chain) -> None:
    here, there = await chain.place(), await chain.place()
    ids = [here.client_id, there.client_id, str(uuid4())]
    both = await chain.get("/v1/clients", id=ids)
    assert {item["id"] for item in both["items"]} == {here.client_id, there.client_id}

    headers = chain.mint.bearer("scheduling:read", branches=[here.branch_id])
    answer = await chain.http.get("/v1/clients", params={"id": ids}, headers=headers)
    assert [item["id"] for item in answer.json()["items"]] == [here.client_id]


@pytest.mark.parametrize("path", ["/v1/appointments", "/v1/clients"])
async def test_too_many_or_wrong_ids_are_422(chain: Chain, path: str) -> None:
    for ids in (["1"], [str(uuid4())] * 201):
        assert (await chain.http.get(path, params={"id": ids})).status_code == 422
