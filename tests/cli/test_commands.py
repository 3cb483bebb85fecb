"""Commands against a running system: what they print, as text and as JSON, and their exit codes."""

import json
import os
import signal
import uuid
from typing import Any

import asyncpg

from tests.caibei_run import CaibeiRun, until
from tests.cli.test_main import caibei


def printed(running: CaibeiRun, *arguments: str, code: int = 0) -> Any:
    """The JSON a command prints."""
    answer = caibei(*arguments, "--json", CAIBEI_DATA_DIR=str(running.folder))
    assert answer.returncode == code, answer.stdout + answer.stderr
    return json.loads(answer.stdout)


def test_status_names_every_process_and_what_it_depends_on(running: CaibeiRun) -> None:
    rows = {row["name"]: row for row in printed(running, "status")}
    assert set(rows) == {"identity", "screening", "kafka", "postgres"}
    assert all(row["status"] == "ok" and row["pids"] for row in rows.values())
    assert "consumer=ok" in rows["screening"]["checks"]


def test_the_doctor_finds_nothing_wrong_with_a_healthy_system(running: CaibeiRun) -> None:
    findings = printed(running, "doctor")
    checks = {finding["check"] for finding in findings}
    assert {"disk", "ports", "venv module", "PostgreSQL", "Java", "broker", "clock", "screening database"} <= checks
    assert [finding for finding in findings if finding["status"] == "problem"] == []


def test_the_doctor_names_a_hanging_service_and_what_to_do(running: CaibeiRun) -> None:
    (pid,) = running.runtime["pids"]["screening"]
    os.kill(pid, signal.SIGSTOP)
    try:
        findings = {finding["check"]: finding for finding in printed(running, "doctor", code=1)}
    finally:
        os.kill(pid, signal.SIGCONT)
    assert findings["screening"]["status"] == "problem"
    assert "screening.log" in findings["screening"]["do"]
    assert findings["identity"]["status"] == "ok"


def test_topics_are_listed_with_their_partitions_and_making_them_again_makes_none(running: CaibeiRun) -> None:
    rows = printed(running, "topics", "--create")
    assert {row["topic"]: row["partitions"] for row in rows} == {
        "caibei.scheduling": 12, "caibei.screening": 12, "caibei.room-equipment": 12, "caibei.notification": 12,
    }  # fmt: skip
    assert not any(row["created"] for row in rows)


def test_a_token_opens_what_its_client_may(running: CaibeiRun) -> None:
    answer = printed(running, "token", "--as", "auditor")
    assert "screening:answers" not in answer["scope"].split()
    plain = caibei("token", "--as", "auditor", CAIBEI_DATA_DIR=str(running.folder)).stdout.strip()
    assert plain.count(".") == 2


def test_a_client_is_added_listed_rotated_and_revoked(running: CaibeiRun) -> None:
    made = printed(running, "clients", "add", "Partner of tests", "--scope", "rooms:read")
    sign_in = ("--client-id", made["client_id"], "--client-secret", made["client_secret"])
    assert printed(running, "token", *sign_in)["scope"] == "rooms:read"
    assert made["client_id"] in {row["client_id"] for row in printed(running, "clients", "list")}
    rotated = printed(running, "clients", "rotate", made["client_id"])
    assert rotated["client_secret"] != made["client_secret"]
    printed(running, "clients", "revoke", made["client_id"])
    again = ("--client-id", made["client_id"], "--client-secret", rotated["client_secret"])
    refused = caibei("token", *again, CAIBEI_DATA_DIR=str(running.folder))
    assert refused.returncode == 1
    assert "invalid_client" in refused.stderr


def test_outbox_and_lag_answer_for_every_service(running: CaibeiRun) -> None:
    assert {row["service"]: row["unpublished"] for row in printed(running, "outbox")} == {"identity": 0, "screening": 0}
    (row,) = printed(running, "lag")
    assert (row["service"], row["healthy"], row["behind"]) == ("screening", True, 0)


async def dead_letter(running: CaibeiRun) -> str:
    """One in screening's table, as its consumer would leave it."""
    connection = await asyncpg.connect(running.runtime["databases"]["screening"])
    try:
        id = str(uuid.uuid4())
        await connection.execute(
            "INSERT INTO dead_letters (id, topic, message_key, type, payload, occurred_at, status, reason, attempts)"
            " VALUES ($1, 'caibei.scheduling', $2, 'caibei.scheduling.x.y.v1', '{}', now(), 'dead', 'tests', 3)",
            id,
            str(uuid.uuid4()),
        )
        return id
    finally:
        await connection.close()


async def test_a_dead_letter_is_listed_shown_and_discarded_from_any_service(running: CaibeiRun) -> None:
    id = await dead_letter(running)
    (row,) = printed(running, "dead-letters", "list")
    assert (row["service"], row["id"], row["attempts"]) == ("screening", id, 3)
    assert printed(running, "dead-letters", "show", id)["reason"] == "tests"
    printed(running, "dead-letters", "discard", id)
    until(lambda: printed(running, "dead-letters", "list") == [], 10)
    unknown = caibei("dead-letters", "replay", str(uuid.uuid4()), CAIBEI_DATA_DIR=str(running.folder))
    assert unknown.returncode == 1
    assert "no service has a dead letter" in unknown.stderr


def test_migrate_tells_which_databases_are_behind_and_brings_them_up(running: CaibeiRun) -> None:
    assert printed(running, "migrate", "--check", "--service", "screening")[0]["is"] is not None
    behind = printed(running, "migrate", "--check", "--service", "scheduling", code=1)
    assert behind[0]["is"] != behind[0]["newest"]
    done = printed(running, "migrate", "--service", "scheduling")
    assert done[0]["is"] == done[0]["newest"]
    printed(running, "migrate", "--check", "--service", "scheduling")
