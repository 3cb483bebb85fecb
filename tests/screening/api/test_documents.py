"""Scans of letters over HTTP: their size, and where they lie."""

import base64
import os
from uuid import UUID

import pytest

from tests.screening.api.test_clearances import PDF, recorded
from tests.screening.chain import CLINICIAN, Chain, letter
from tests.screening.domain.test_documents import jpeg


def scan(data: bytes, content_type: str = "image/jpeg") -> dict[str, str]:
    return {"filename": "photo.exe", "content_type": content_type, "data": base64.b64encode(data).decode()}


async def test_a_photo_of_some_megabytes_comes_back_byte_for_byte(chain: Chain) -> None:
    photo = jpeg(after=os.urandom(3_000_000))
    screening = await chain.screened(await chain.client(), cancer="yes")
    clearance = await recorded(chain, screening["id"], document=scan(photo))
    got = await chain.get(f"/v1/screenings/{screening['id']}/clearances/{clearance['id']}/document", *CLINICIAN)
    assert got.content == photo
    assert (got.headers["content-type"], got.headers["content-disposition"].endswith('.jpg"')) == ("image/jpeg", True)


async def test_a_document_over_the_setting_is_refused_and_nothing_is_stored(chain: Chain) -> None:
    screening = await chain.screened(await chain.client(), cancer="yes")
    for data, code in ((jpeg(after=bytes(5_000_001)), "document_too_large"), (bytes(9_000_000), "body_too_large")):
        refused = await chain.post(f"/v1/screenings/{screening['id']}/clearances", letter(document=scan(data)))
        assert (refused.status_code, refused.json()["code"]) == (413, code)
    shown = (await chain.get(f"/v1/screenings/{screening['id']}", *CLINICIAN)).json()
    assert shown["clearances"] == []


async def test_other_routes_keep_their_small_limit(chain: Chain) -> None:
    refused = await chain.post("/v1/screenings", {"client_id": "x" * 300_000})
    assert (refused.status_code, refused.json()["code"]) == (413, "body_too_large")


async def test_a_document_is_not_opened_with_its_letter_and_is_known_by_its_digest(chain: Chain) -> None:
    client_id = await chain.client()
    screening = await chain.screened(client_id, cancer="yes")
    clearance = await recorded(chain, screening["id"], document=PDF)
    async with chain.app.state.database.transaction() as tx:
        sizes = await tx.one(
            "SELECT octet_length(c.vault) AS letter, octet_length(d.sealed) AS scan FROM clearances c"
            " JOIN clearance_documents d ON d.clearance_id = c.id WHERE c.id = :id",
            {"id": UUID(clearance["id"])},
        )
    assert sizes.scan == len(base64.b64decode(PDF["data"])) + 1 + 16 + 12 + 16  # version, key id, nonce, tag
    assert sizes.letter < 700


@pytest.mark.parametrize("scopes", [("screening:read", "screening:write"), ("screening:answers",)])
async def test_a_document_is_for_who_may_read_answers_and_decisions(chain: Chain, scopes: tuple[str, ...]) -> None:
    screening = await chain.screened(await chain.client(), cancer="yes")
    clearance = await recorded(chain, screening["id"], document=PDF)
    path = f"/v1/screenings/{screening['id']}/clearances/{clearance['id']}/document"
    assert (await chain.get(path, *scopes)).status_code == 403
