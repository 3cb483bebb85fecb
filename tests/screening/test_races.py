"""Two at once: one client's decisions come one after the other, and an erasure is never half undone."""

import asyncio

from services.screening.store import clients
from services.screening.vault import Vault
from tests.screening.chain import CLINICIAN, RECEPTION, Chain, letter, questionnaire


async def test_screenings_of_one_client_at_once_all_open_under_one_key(chain: Chain) -> None:
    client_id = await chain.client()
    before = await chain.outbox_end()
    made = await asyncio.gather(*(chain.screened(client_id, cancer="yes") for _ in range(8)))
    versions = [event["version"] for event in await chain.announced(before)]
    assert sorted(versions) == list(range(1, 9))
    for screening in made:
        shown = (await chain.get(f"/v1/screenings/{screening['id']}", *CLINICIAN)).json()
        assert shown["answers"]["cancer"] == "yes"
    (current,) = [
        each for each in (await chain.get(f"/v1/screenings?client_id={client_id}")).json()["items"] if each["current"]
    ]
    standing = (await chain.get(f"/v1/clients/{client_id}/standing?protocol=back-stepping")).json()
    assert standing["screening_id"] == current["id"]


async def test_an_erasure_among_writers_leaves_nothing_under_a_destroyed_key(chain: Chain) -> None:
    """Whatever the order: what is kept opens with the key that is there, and what was before the erasure is gone."""
    vault: Vault = chain.app.state.vault
    for _ in range(5):
        client_id = await chain.client()
        screening_id = (await chain.screened(client_id, cancer="yes"))["id"]

        async def erase(id: object = client_id) -> int:
            async with chain.http(*RECEPTION) as http:
                return (await http.delete(f"/v1/clients/{id}")).status_code

        answers = await asyncio.gather(
            chain.post("/v1/screenings", questionnaire(client_id, disc="yes"), *CLINICIAN),
            erase(),
            chain.post(f"/v1/screenings/{screening_id}/clearances", letter(), *CLINICIAN),
            chain.post("/v1/screenings", questionnaire(client_id, aneurysm="yes"), *CLINICIAN),
        )
        assert [getattr(answer, "status_code", answer) for answer in answers][:2] == [201, 204]
        async with chain.app.state.database.transaction() as tx:
            kept = await clients.existing_vault(tx, vault, client_id)
            rows = await tx.all(
                "SELECT id, vault FROM screenings WHERE client_id = :id AND vault IS NOT NULL", {"id": client_id}
            )
            assert screening_id not in {str(row.id) for row in rows}
            assert (kept is not None) == bool(rows)
            for row in rows:
                assert kept is not None
                assert kept.open("screening", row.id, row.vault)["answers"]
