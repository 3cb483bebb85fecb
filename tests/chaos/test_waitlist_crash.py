"""kill -9 between the freeing of an hour and the offer of it: the line still moves on, once."""

from zoneinfo import ZoneInfo

from tests.journeys.chain import Chain, at
from tests.journeys.system import Whole, until


async def test_killed_between_freeing_and_offering_nothing_is_lost_and_one_is_asked_once(
    whole: Whole, chain: Chain
) -> None:
    spa = await chain.spa()
    booked = await spa.book(at(6, 10))
    client = await chain.client(spa.branch)
    local = at(6, 10).astimezone(ZoneInfo(spa.branch["timezone"]))
    exactly = {"from": f"{local:%Y-%m-%d}", "to": f"{local:%Y-%m-%d}", "time_from": f"{local:%H:%M}",
               "time_to": f"{local:%H:01}"}  # fmt: skip
    wish = {"client_id": client["id"], "treatment_id": spa.treatment["id"], "branch_ids": [spa.branch["id"]],
            "windows": [exactly]}  # fmt: skip
    entry = await chain.desk.made("scheduling", "/v1/waitlist", wish)

    async def looked_at() -> bool:
        return bool(await whole.value("scheduling", "SELECT count(*) FROM waitlist_looks") == 0)

    await until(looked_at, "nothing is free yet")
    await whole.arm({"scheduling": "waitlist.before_commit:1"})
    await whole.up("scheduling")
    pids = set(whole.pids("scheduling"))
    assert (await chain.desk.insist("scheduling", f"/v1/appointments/{booked['id']}/cancel", {})).status_code == 200

    async def died() -> bool:
        return bool(set(whole.pids("scheduling")) - pids)

    await until(died, "it died on the way")
    await whole.up("scheduling")

    async def offered() -> bool:
        state = "SELECT state FROM waitlist_entries WHERE id = $1"
        return bool(await whole.value("scheduling", state, entry["id"]) == "offered")

    await until(offered, "the first in line is asked")
    assert await whole.value("scheduling", "SELECT count(*) FROM waitlist_offers WHERE entry_id = $1", entry["id"]) == 1
    told = "SELECT count(*) FROM outbox WHERE type LIKE '%waitlist.offered%' AND payload LIKE $1"
    assert await whole.value("scheduling", told, f"%{entry['id']}%") == 1
