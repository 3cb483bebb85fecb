"""What a link opens, to whom, and when it opens nothing any more."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from services.screening.outcome_words import OUTCOMES
from services.screening.page_words import WORDS
from services.screening.store import invitations
from shared.kit.ids import new_id
from shared.kit.page_words import WORDS as KIT
from tests.screening.chain import RECEPTION, Chain, soon
from tests.screening.phone import Phone, invited

LOCALES = ("en", "de", "es", "zh-Hans")


async def drafts(chain: Chain, id: str) -> int:
    async with chain.app.state.database.transaction() as tx:
        return int(await tx.scalar("SELECT count(*) FROM invitations WHERE id = :id AND draft IS NOT NULL", {"id": id}))


async def state(chain: Chain, id: str) -> str:
    return str((await chain.get(f"/v1/invitations/{id}")).json()["state"])


async def test_opening_changes_nothing_so_a_scanner_of_mails_uses_nothing_up(chain: Chain) -> None:
    invitation = await invited(chain)
    async with chain.http() as http:
        phone = await Phone(http, invitation["url"]).open()
        assert (await http.head(phone.url)).status_code == 200
        assert await state(chain, invitation["id"]) == "sent"
        await phone.send(acknowledged="yes")
    assert await state(chain, invitation["id"]) == "opened"
    assert await drafts(chain, invitation["id"]) == 1


async def test_a_form_sent_twice_at_once_is_one_screening_and_one_answer(chain: Chain) -> None:
    client_id = await chain.client()
    invitation = await invited(chain, client_id=client_id)
    async with chain.http() as http:
        phone = await Phone(http, invitation["url"]).begin()
        await phone.fill()
        signed = phone.form.fields | {"name": "Ada", "relationship": "self", "to": "send"}
        await asyncio.gather(*(http.get(phone.url) for _ in range(5)))  # five connections are open, so that they race
        answers = await asyncio.gather(*(http.post(phone.url, data=signed) for _ in range(5)))
        other = await http.post(phone.url, data=signed | {"once": "another page of the same link"})
    assert {answer.status_code for answer in (*answers, other)} == {200}
    title = OUTCOMES["en"]["cleared"].title.format(treatment="Back-stepping")
    assert all(title in answer.text for answer in answers)
    assert WORDS["en"].done.title in other.text
    assert len((await chain.get(f"/v1/screenings?client_id={client_id}")).json()["items"]) == 1


async def test_after_it_was_used_the_link_says_only_that_all_is_done(chain: Chain) -> None:
    invitation = await invited(chain)
    async with chain.http() as http:
        phone = await Phone(http, invitation["url"]).begin()
        await phone.fill(infection="yes")
        review = phone.form.fields | {"name": "Ada", "relationship": "self", "to": "send"}
        await phone.sign()
        assert phone.title == OUTCOMES["en"]["deferred_well"].title
        for step in ("", "?step=0", "?step=2&change=1", "?step=11"):
            await phone.open(step or None)
            assert (phone.answer.status_code, phone.title) == (200, WORDS["en"].done.title)
            assert "<form" not in phone.answer.text
        assert await drafts(chain, invitation["id"]) == 0
        await chain.as_superuser(
            "UPDATE invitations SET completed_at = completed_at - interval '11 minutes' WHERE id = $1",
            invitation["id"],
        )
        late = await http.post(phone.url, data=review)
        assert OUTCOMES["en"]["deferred_well"].title not in late.text


@pytest.mark.parametrize("language", LOCALES)
async def test_a_link_that_ended_or_was_revoked_says_so_kindly_and_takes_no_form(chain: Chain, language: str) -> None:
    ended, revoked = await invited(chain), await invited(chain)
    async with chain.http() as http:
        phones = [await Phone(http, each["url"], language).begin() for each in (ended, revoked)]
        await chain.as_superuser(
            "UPDATE invitations SET expires_at = expires_at - interval '8 days' WHERE id = $1", ended["id"]
        )
        assert (await chain.post(f"/v1/invitations/{revoked['id']}/revoke", None)).json()["state"] == "revoked"
        assert await state(chain, ended["id"]) == "expired"
        for phone, told in zip(phones, (WORDS[language].expired, WORDS[language].revoked), strict=True):
            form = dict.fromkeys(phone.questions, "no") | phone.form.fields
            for answer in (await http.post(phone.url, data=form), (await phone.open()).answer):
                assert answer.status_code == 410
            assert phone.title == told.title
            assert told.next[0] in phone.answer.text
            assert WORDS[language].ask in phone.answer.text, "no scheduling answers here"
    async with chain.app.state.database.transaction() as tx:
        await invitations.forget_drafts(tx)
    assert [await drafts(chain, each["id"]) for each in (ended, revoked)] == [0, 0]


async def test_a_new_invitation_takes_the_place_of_the_one_before_with_its_draft(chain: Chain) -> None:
    client_id = await chain.client()
    first = await invited(chain, client_id=client_id)
    async with chain.http() as http:
        await Phone(http, first["url"]).begin()
        second = await invited(chain, client_id=client_id)
        other = await invited(chain, client_id=client_id, protocol="massage")
        assert (await Phone(http, first["url"]).open()).answer.status_code == 410
        assert (await Phone(http, second["url"]).open()).questions == []
    listed = (await chain.get(f"/v1/invitations?client_id={client_id}")).json()["items"]
    assert [(row["id"], row["state"]) for row in listed] == [
        (other["id"], "sent"), (second["id"], "sent"), (first["id"], "revoked")
    ]  # fmt: skip
    assert "url" not in listed[0]
    assert await drafts(chain, first["id"]) == 0


async def test_invitations_sent_at_once_leave_one_that_can_be_used(chain: Chain) -> None:
    client_id = await chain.client()
    await asyncio.gather(*(invited(chain, client_id=client_id) for _ in range(6)))
    listed = (await chain.get(f"/v1/invitations?client_id={client_id}")).json()["items"]
    assert sorted(row["state"] for row in listed) == ["revoked"] * 5 + ["sent"]


@pytest.mark.parametrize("path", ["x", "x" * 59, "{token}x", "{short}", "%00", "é"])
async def test_what_is_no_link_of_ours_opens_nothing_and_says_where_to_look(chain: Chain, path: str) -> None:
    token = (await invited(chain))["url"].rpartition("/")[2]
    async with chain.http() as http:
        answer = await http.get(f"/questions/{path.format(token=token, short=token[:-3])}")
    assert answer.status_code in (404, 422)
    if answer.status_code == 404:
        assert KIT["en"].refusals[404][0] in answer.text


async def test_an_erasure_ends_the_link_and_the_draft_with_the_key(chain: Chain) -> None:
    client_id = await chain.client()
    invitation = await invited(chain, client_id=client_id)
    async with chain.http(*RECEPTION) as http:
        phone = await Phone(http, invitation["url"]).begin()
        form = phone.form.fields | dict.fromkeys(phone.questions, "no")
        assert (await http.delete(f"/v1/clients/{client_id}")).status_code == 204
        assert await drafts(chain, invitation["id"]) == 0
        assert (await http.post(phone.url, data=form)).status_code == 410
        assert (await phone.open()).title == WORDS["en"].revoked.title


async def test_an_invitation_for_a_session_ends_with_its_start_and_is_for_its_own_client(chain: Chain) -> None:
    client_id, starts_at = await chain.client(), soon(48)
    request = chain.request(client_id, starts_at)
    await chain.hear(request)
    invitation = await invited(chain, client_id=client_id, appointment_id=str(request.appointment_id))
    ends_at = datetime.fromisoformat(invitation["expires_at"])
    assert timedelta(0) <= starts_at - ends_at < timedelta(seconds=1)
    alone = await invited(chain, client_id=client_id)
    assert datetime.fromisoformat(alone["expires_at"]) - datetime.now(UTC) > timedelta(days=6)
    for body, code in (
        ({"client_id": str(await chain.client()), "protocol": "back-stepping"}, "appointment_mismatch"),
        ({"client_id": str(client_id), "protocol": "massage"}, "appointment_mismatch"),
        ({"client_id": str(client_id), "protocol": "none"}, "unknown_protocol"),
    ):
        answer = await chain.post("/v1/invitations", body | {"appointment_id": str(request.appointment_id)})
        assert (answer.status_code, answer.json()["code"]) == (422, code)


async def test_the_client_is_written_to_unless_the_link_is_handed_over(chain: Chain) -> None:
    client_id, before = await chain.client(), await chain.outbox_end()
    invitation = await invited(chain, client_id=client_id)
    (event,) = await chain.announced(before)
    assert event == {
        "type": "caibei.screening.invitation.issued.v1", "invitation_id": invitation["id"],
        "client_id": str(client_id), "branch_id": str(chain.branch_id), "expires_at": invitation["expires_at"],
    }  # fmt: skip
    before = await chain.outbox_end()
    await invited(chain, client_id=client_id, send=False)
    assert await chain.announced(before) == []


async def test_who_may_invite_and_whom(chain: Chain) -> None:
    client_id = await chain.client()
    body = {"client_id": str(client_id), "protocol": "back-stepping"}
    assert (await chain.post("/v1/invitations", body, "screening:read")).status_code == 403
    assert (await chain.post("/v1/invitations", body, *RECEPTION, branches=[new_id()])).status_code == 404
    invitation = await invited(chain, client_id=client_id)
    path = f"/v1/invitations/{invitation['id']}"
    assert (await chain.get(path, *RECEPTION, branches=[new_id()])).status_code == 404
    assert (await chain.post(f"{path}/revoke", None, "screening:read")).status_code == 403
    lines = (await chain.get(f"/v1/audit?subject_id={client_id}", "ops:read")).json()["items"]
    assert [line["action"] for line in lines] == ["invited"]
    async with chain.http() as http:
        await Phone(http, invitation["url"]).begin()
    assert (await chain.post(f"{path}/revoke", None)).json()["state"] == "revoked"
    assert (await chain.post(f"{path}/revoke", None)).json()["state"] == "revoked"
