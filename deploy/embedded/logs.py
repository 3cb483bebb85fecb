"""Logs of the embedded system stay bounded: over the limit a log is copied to `.1` and begun again."""

import asyncio
import shutil
from pathlib import Path

LIMIT_BYTES = 20_000_000
EVERY_SECONDS = 60.0


def trim(folder: Path, limit: int = LIMIT_BYTES) -> list[Path]:
    """Trim each log in `folder`; answers those trimmed. Writers append (O_APPEND), so they go on at the new end."""
    trimmed = []
    for log in folder.glob("*.log"):
        if log.stat().st_size > limit:
            shutil.copyfile(log, log.with_suffix(".log.1"))
            with log.open("r+b") as file:
                file.truncate(0)
            trimmed.append(log)
    return trimmed


async def trim_for_ever(folder: Path) -> None:
    while True:
        await asyncio.to_thread(trim, folder)
        await asyncio.sleep(EVERY_SECONDS)
