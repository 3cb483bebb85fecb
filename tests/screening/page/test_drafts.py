"""What was answered so far: sealed, under the questions as they are asked now, and gone when nobody needs it."""

import io
import re
from uuid import UUID

import asyncpg
import pytest

from services.screening.handlers import screen as screen_handler
from services.screening.handlers.retain import run as destroy_past_retention
from services.screening.page_words import WORDS
from shared.kit.page_words import WORDS as KIT
from tests.screening.authoring import a_name, activated, asking, massage_source
from tests.screening.chain import CLINICIAN, Chain
from tests.screening.phone import Phone, invited

CANARY = "CANARY-77ad"
DAY = "2019-11-23"


async def stored(chain: Chain) -> str:
    """Every row of every table, as text."""
    connection = await asyncpg.connect(chain.admin_url)
    try:
        tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        rows = [row for (table,) in tables for row in await connection.fetch(f'SELECT t::text FROM "{table}" t')]
        return "\n".join(row[0] for row in rows)
    finally:
        await connection.close()


async def test_what_was_answered_so_far_is_ciphertext_and_in_no_event_log_or_address(
    chain: Chain, logged: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    def bug(*inputs: object) -> None:
        raise RuntimeError(repr(inputs))

    invitation = await invited(chain)
    token = invitation["url"].rpartition("/")[2]
    addresses: list[str] = []
    async with chain.http() as http:
        phone = await Phone(http, invitation["url"]).begin()
        while "name" not in phone.form.choices:
            answers = {"a-joint_surgery": "yes", "a-joint_surgery_on": DAY}
            await phone.send({field: answers.get(field, "no") for field in phone.questions}, to="next")
            assert phone.answer.status_code == 200
            addresses.append(phone.url)
        with monkeypatch.context() as patch:
            patch.setattr(screen_handler, "decide", bug)
            await phone.sign(CANARY)
        assert phone.answer.status_code == 500
        assert KIT["en"].refusals[500][0] in phone.answer.text
        before = await stored(chain)
        await phone.open()
        await phone.sign(CANARY)
        assert phone.answer.status_code == 200
    told = logged.getvalue()
    assert "unexpected error" in told
    for place in (before, await stored(chain), told):
        assert DAY not in place and CANARY not in place and token not in place
    assert all(re.fullmatch(r"/questions/[\w-]+\?step=\d+&lang=en", address) for address in addresses)


async def test_questions_that_changed_meanwhile_are_asked_anew_and_the_others_keep_their_answers(chain: Chain) -> None:
    name, source = a_name(), await massage_source(chain)
    await activated(chain, name, source)
    invitation = await invited(chain, protocol=name)
    async with chain.http() as http:
        phone = await Phone(http, invitation["url"]).begin()
        await phone.fill()
        form = phone.form.fields | {"name": "Ada", "relationship": "self", "to": "send"}
        changed = asking(source, "sauna")
        changed["questions"][0]["text"]["es"] = "¿Otra cosa?"
        version, _ = await activated(chain, name, changed)
        sent = await http.post(phone.url, data=form)
        assert (sent.status_code, sent.headers["location"]) == (303, "?step=0&lang=en")
        await phone.open()
        assert WORDS["en"].renewed in phone.answer.text
        await phone.send(acknowledged="yes")
        first = f"a-{source['questions'][0]['id']}"
        assert first in phone.form.choices and first not in phone.form.fields
        await phone.send({first: "no"}, to="next")
        await phone.open()
        assert phone.questions[-1] == "a-sauna", "what stayed the same is answered"
        await phone.send({"a-sauna": "no"}, to="next")
        await phone.sign()
    shown = (await chain.get(f"/v1/invitations/{invitation['id']}")).json()
    screening = (await chain.get(f"/v1/screenings/{shown['screening_id']}", *CLINICIAN)).json()
    assert screening["protocol_version"] == version
    async with chain.app.state.database.transaction() as tx:
        by = await tx.scalar("SELECT recorded_by FROM screenings WHERE id = :id", {"id": UUID(shown["screening_id"])})
    assert by == f"invitation:{invitation['id']}"


async def test_retention_spares_what_somebody_is_answering(chain: Chain) -> None:
    client_id = await chain.client()
    invitation = await invited(chain, client_id=client_id)

    async def key_is_there() -> bool:
        await chain.as_superuser(
            "UPDATE client_keys SET created_at = created_at - interval '37 months' WHERE client_id = $1", client_id
        )
        async with chain.app.state.database.transaction() as tx:
            await destroy_past_retention(tx)
            return bool(await tx.scalar("SELECT count(*) FROM client_keys WHERE client_id = :id", {"id": client_id}))

    async with chain.http() as http:
        await Phone(http, invitation["url"]).begin()
    assert await key_is_there()
    await chain.as_superuser(
        "UPDATE invitations SET expires_at = expires_at - interval '37 months' WHERE id = $1", invitation["id"]
    )
    assert not await key_is_there()
