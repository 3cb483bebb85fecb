"""The hash chain of the safety record: the database writes it, nobody forges it, what a superuser does to it shows."""

import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio

from deploy.cli.verify_records import verified
from services.room_equipment.domain.record import Head
from tests.room_equipment.door import Door
from tests.room_equipment.spa import Spa
from tests.room_equipment.test_closures import close
from tests.room_equipment.test_equipment import inspect, strap


class Record:
    """A bar with a life behind it: installed, locked out, repaired, passed again; and another beside it."""

    def __init__(self, spa: Spa, bar: UUID, other: UUID) -> None:
        self.spa, self.bar, self.other = spa, bar, other

    async def verified(self, **how: Any) -> dict[str, Any]:
        return await verified(
            self.spa.database.owner_url, self.spa.branch_id, how.get("kept", {}), how.get("anchors", frozenset()),
            lambda done, total: None,
        )  # fmt: skip

    async def entries(self) -> list[tuple[int, str, str]]:
        rows = await self.spa.sql(
            "SELECT sequence, record, change FROM record_entries WHERE chain_id = $1 ORDER BY sequence", self.bar
        )
        return [tuple(row) for row in rows]

    async def named(self, **how: Any) -> list[tuple[str, str, int | None]]:
        """(problem, record, sequence) of each fault, all in this bar's chain or in none."""
        found = await self.verified(**how)
        assert found["ok"] is (not found["faults"])
        assert {fault["chain"] for fault in found["faults"]} <= {str(self.bar), None}
        return [(fault["problem"], fault["record"], fault["sequence"]) for fault in found["faults"]]


@pytest_asyncio.fixture(loop_scope="session")
async def record(spa: Spa) -> AsyncIterator[Record]:
    _, bar = await spa.cleared_room()
    _, other = await spa.cleared_room()
    await spa.http.post(f"/v1/bars/{bar}/lockouts", json={"reason": "bent"})
    await spa.repaired(bar)
    assert (await spa.inspect(bar)).status_code == 201
    yield Record(spa, bar, other)


async def test_what_happens_to_a_bar_is_in_its_chain_in_order(record: Record) -> None:
    assert await record.entries() == [
        (1, "bars", "recorded"),
        (2, "inspections", "recorded"),
        (3, "lockouts", "recorded"),
        (4, "work_orders", "recorded"),
        (5, "work_orders", "completed"),
        (6, "inspections", "recorded"),
        (7, "lockouts", "released"),
    ]
    found = await record.verified()
    assert found["ok"] and found["chains"] == 2 and found["entries"] == 9


async def test_a_bars_chain_is_read_page_by_page_each_entry_on_the_one_before(record: Record) -> None:
    path = f"/v1/bars/{record.bar}/record?limit=3"
    entries: list[dict[str, Any]] = []
    cursor: str | None = ""
    while cursor is not None:
        body = (await record.spa.http.get(path + (f"&cursor={cursor}" if cursor else ""))).json()
        entries += body["items"]
        cursor = body["next_cursor"]
    assert [(e["sequence"], e["record"], e["change"]) for e in entries] == await record.entries()
    assert [e["previous_hash"] for e in entries] == ["00" * 32, *(e["hash"] for e in entries[:-1])]
    newest = (await record.spa.http.get(f"/v1/bars/{record.bar}/inspections")).json()["items"][0]
    assert newest["record_hash"] == entries[newest["record_sequence"] - 1]["hash"]
    stranger = record.spa.signed_in("rooms:read", branches=[record.spa.massage])
    assert (await stranger.get(path)).status_code == 404


async def test_checks_logs_and_statements_of_fitness_are_in_it_too(door: Door) -> None:
    spa = door.spa
    assert (await door.start()).status_code == 200
    lockout = (await spa.http.post(f"/v1/bars/{door.bar}/lockouts", json={"reason": "bent"})).json()["lockout"]
    await spa.http.post(f"/v1/work-orders/{lockout['work_order_id']}/log", json={"entry": "new bolts"})
    rows = await spa.sql("SELECT record, chain_id FROM record_entries WHERE branch_id = $1", spa.branch_id)
    chain_of = {row["record"]: row["chain_id"] for row in rows}
    assert chain_of["pre_use_checks"] == chain_of["work_order_log"] == door.bar
    assert chain_of["fitness_statements"] == spa.branch_id
    assert await Record(spa, door.bar, door.bar).named() == []


async def test_closures_moves_and_inspections_of_equipment_are_in_it_too(record: Record) -> None:
    spa = record.spa
    room = UUID((await spa.http.get(f"/v1/bars/{record.bar}")).json()["room_id"])
    hanging, loose = await strap(spa, room, bar_id=str(record.bar)), await strap(spa, room)
    for thing in (hanging, loose):
        assert (await inspect(spa, thing["id"])).status_code == 201
    closure = await close(spa, room)
    await spa.http.post(f"/v1/rooms/{room}/closures/{closure['id']}/end")
    moved = await spa.http.patch(
        f"/v1/bars/{record.bar}", json={"room_id": str(await spa.room())}, headers={"If-Match": "*"}
    )
    assert moved.status_code == 200
    new = [(what, change) for number, what, change in await record.entries() if number > 7]
    assert new[0] == ("equipment_inspections", "recorded")
    assert ("asset_moves", "recorded") in new and ("bars", "changed") in new
    rows = await spa.sql(
        "SELECT record, change FROM record_entries WHERE chain_id = $1 ORDER BY sequence", spa.branch_id
    )
    assert [tuple(row) for row in rows] == [
        ("equipment_inspections", "recorded"),
        ("room_closures", "recorded"),
        ("room_closures", "ended"),
        ("asset_moves", "recorded"),
    ]
    assert await record.named() == []
    for table, column, id in (
        ("equipment_inspections", "equipment_id", hanging["id"]), ("asset_moves", "asset_id", str(record.bar)),
    ):  # fmt: skip
        await spa.as_superuser(f"DELETE FROM {table} WHERE {column} = $1", UUID(id))
    found = (await record.verified())["faults"]
    assert [(fault["problem"], fault["record"]) for fault in found] == [("record_removed", "equipment_inspections")]
    await spa.as_superuser("UPDATE room_closures SET note = 'x' WHERE room_id = $1", room)
    assert ("record_changed", "room_closures") in [
        (fault["problem"], fault["record"]) for fault in (await record.verified())["faults"]
    ]


CHANGED = {
    "an inspection's result": ("UPDATE inspections SET result = 'fail', certified_until = NULL WHERE bar_id = $1 AND "
                               "sequence = 1", ("record_changed", "inspections", 2)),
    "a checklist": ("UPDATE inspections SET checklist = '[]' WHERE bar_id = $1 AND sequence = 2",
                    ("record_changed", "inspections", 6)),
    "who repaired": ("UPDATE work_orders SET repairer_credential_key = 'x' WHERE bar_id = $1",
                     ("record_changed", "work_orders", 5)),
    "a rating": ("UPDATE bars SET rated_load_kg = 900 WHERE id = $1", ("record_changed", "bars", 1)),
    "a release": ("UPDATE lockouts SET released_at = NULL, released_by = NULL WHERE bar_id = $1",
                  ("record_changed", "lockouts", 7)),
    "a lock-out removed": ("DELETE FROM lockouts WHERE bar_id = $1", ("record_removed", "lockouts", 7)),
    "an inspection put in": (
        "INSERT INTO inspections SELECT (jsonb_populate_record(i, jsonb_build_object('id', uuidv7(), 'sequence', 3))).*"
        " FROM inspections i WHERE bar_id = $1 AND sequence = 2", ("record_inserted", "inspections", None)),
    "an entry's content": ("UPDATE record_entries SET content = replace(content, 'bent', 'fine') WHERE chain_id = $1 "
                           "AND sequence = 3", ("entry_changed", "lockouts", 3)),
    "an entry's time": ("UPDATE record_entries SET recorded_at = recorded_at - interval '1 day' WHERE chain_id = $1 AND"
                        " sequence = 2", ("entry_changed", "inspections", 2)),
    "an entry removed": ("DELETE FROM record_entries WHERE chain_id = $1 AND sequence = 4", ("entry_missing", "", 4)),
    "the tail cut off": ("DELETE FROM record_entries WHERE chain_id = $1 AND sequence > 5",
                         ("entries_missing_at_the_end", "", 6)),
    "the whole chain removed": ("DELETE FROM record_entries WHERE chain_id = $1",
                                ("entries_missing_at_the_end", "", 1)),
    "the head moved": ("UPDATE record_heads SET hash = sha256('x') WHERE chain_id = $1", ("head_changed", "", 7)),
}  # fmt: skip


@pytest.mark.parametrize("what", CHANGED)
async def test_what_a_superuser_changes_is_named(record: Record, what: str) -> None:
    statement, expected = CHANGED[what]
    await record.spa.as_superuser(statement, record.bar)
    assert expected in await record.named()


@pytest.mark.parametrize(
    ("what", "named"),
    [
        ("DELETE FROM record_entries WHERE chain_id = $1 AND sequence = 4", ("entry_out_of_place", "work_orders", 4)),
        (
            "INSERT INTO record_entries SELECT (jsonb_populate_record(e, '{\"sequence\": 1003}')).*"
            " FROM record_entries e WHERE chain_id = $1 AND sequence = 3",
            ("entry_out_of_place", "lockouts", 4),
        ),
    ],
    ids=["removed", "put in"],
)
async def test_an_entry_removed_or_put_in_is_named_though_the_rest_is_numbered_anew(
    record: Record, what: str, named: tuple[str, str, int]
) -> None:
    spa = record.spa
    await spa.as_superuser(what, record.bar)
    number = "SELECT e.sequence, row_number() OVER (ORDER BY e.sequence % 1000, e.sequence) AS n FROM record_entries e"
    for shift in (10_000, 0):
        await spa.as_superuser(
            f"UPDATE record_entries r SET sequence = {shift} + n FROM ({number} WHERE e.chain_id = $1) x"
            " WHERE r.chain_id = $1 AND r.sequence = x.sequence",
            record.bar,
        )
    assert named in await record.named()


async def test_two_entries_that_changed_places_are_named_at_the_first(record: Record) -> None:
    for was, now in ((3, 103), (4, 3), (103, 4)):
        await record.spa.as_superuser(
            "UPDATE record_entries SET sequence = $3 WHERE chain_id = $1 AND sequence = $2", record.bar, was, now
        )
    assert await record.named() == [("entry_out_of_place", "work_orders", 3)]


REHASH = """
DO $$
DECLARE
    e record_entries;
    last bytea := decode(repeat('00', 32), 'hex');
    n bigint := 0;
BEGIN
    PERFORM set_config('timezone', 'UTC', true);
    FOR e IN SELECT * FROM record_entries WHERE chain_id = '{bar}' ORDER BY sequence LOOP
        n := n + 1;
        UPDATE record_entries SET sequence = n, previous = last, hash = sha256(convert_to(concat_ws(E'\\n',
            encode(last, 'hex'), e.chain_id, n, e.branch_id, e.record, e.subject_id, e.change,
            to_char(e.recorded_at, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), e.by_role, e.content), 'UTF8'))
        WHERE chain_id = e.chain_id AND sequence = e.sequence RETURNING hash INTO last;
    END LOOP;
    UPDATE record_heads SET sequence = n, hash = last WHERE chain_id = '{bar}';
END $$
"""


async def test_a_chain_that_was_rewritten_whole_shows_against_what_was_kept_elsewhere(record: Record) -> None:
    """Whoever owns the server can work out all hashes anew. Paper and an earlier run's output are out of his reach."""
    earlier = json.loads(json.dumps(await record.verified()))
    certificate = (await record.spa.http.get(f"/v1/bars/{record.bar}/inspections")).json()["items"][0]
    paper = frozenset({bytes.fromhex(certificate["record_hash"])})
    kept = {UUID(chain): Head(h["sequence"], bytes.fromhex(h["hash"])) for chain, h in earlier["heads"].items()}
    assert await record.named(kept=kept, anchors=paper) == []
    await record.spa.as_superuser(
        "DELETE FROM record_entries WHERE chain_id = $1 AND record IN ('lockouts', 'work_orders')", record.bar
    )
    await record.spa.as_superuser("DELETE FROM work_orders WHERE bar_id = $1", record.bar)
    await record.spa.as_superuser("DELETE FROM lockouts WHERE bar_id = $1", record.bar)
    await record.spa.as_superuser(REHASH.format(bar=record.bar))
    assert await record.named() == []  # nothing in this database could tell
    assert await record.named(kept=kept) == [("entries_missing_at_the_end", "", 4)]
    assert await record.named(anchors=paper) == [("anchor_unknown", "", None)]


async def test_a_rewritten_entry_of_a_chain_of_the_same_length_shows_against_its_kept_head(record: Record) -> None:
    kept = {
        UUID(c): Head(h["sequence"], bytes.fromhex(h["hash"])) for c, h in (await record.verified())["heads"].items()
    }
    for table, column in (("lockouts", "reason"), ("work_orders", "title")):
        await record.spa.as_superuser(f"UPDATE {table} SET {column} = 'fine' WHERE bar_id = $1", record.bar)
    await record.spa.as_superuser(
        "UPDATE record_entries SET content = replace(content, 'bent', 'fine') WHERE chain_id = $1", record.bar
    )
    await record.spa.as_superuser(REHASH.format(bar=record.bar))
    found = await record.named(kept=kept)
    assert found == [("rewritten_since", "lockouts", 7)]


async def test_a_column_of_a_later_release_is_no_change_of_an_older_record(record: Record) -> None:
    owner = await asyncpg.connect(record.spa.database.owner_url)
    try:
        await owner.execute("ALTER TABLE inspections ADD COLUMN of_a_later_release text NOT NULL DEFAULT 'x'")
        assert await record.named() == []
    finally:
        await owner.execute("ALTER TABLE inspections DROP COLUMN of_a_later_release")
        await owner.close()
