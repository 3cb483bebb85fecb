"""Which databases are behind their code, found without loading Alembic: a start with nothing to migrate is fast."""

import re
from pathlib import Path

import asyncpg

ROOT = Path(__file__).parents[2] / "services"
_REVISION = re.compile(r"^revision(?:\s*:[^=]+)?\s*=\s*[\"']([^\"']+)[\"']", re.MULTILINE)
_DOWN = re.compile(r"^down_revision(?:\s*:[^=]+)?\s*=\s*[\"']([^\"']+)[\"']", re.MULTILINE)


def head(service: str) -> str | None:
    """The newest revision in the service's migrations; None if it has none."""
    files = [file.read_text() for file in (ROOT / service / "migrations" / "versions").glob("*.py")]
    revisions = {found for text in files for found in _REVISION.findall(text)}
    heads = revisions - {found for text in files for found in _DOWN.findall(text)}
    return heads.pop() if len(heads) == 1 else None


async def current(url: str) -> str | None:
    """The revision the database is at; None for an empty one."""
    connection = await asyncpg.connect(url, timeout=5)
    try:
        if await connection.fetchval("SELECT to_regclass('alembic_version')") is None:
            return None
        version: str | None = await connection.fetchval("SELECT version_num FROM alembic_version")
        return version
    finally:
        await connection.close()
