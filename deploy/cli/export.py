"""`caibei export`: everything kept of one client, from every service's API, in one file for that person."""

import asyncio
import hashlib
import json
import os
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Annotated, Any

import typer

from deploy.cli.console import DataDir, Json, ask, fail, running, show

app = typer.Typer()
PARTS = ("scheduling", "screening", "notification")


@app.command()
def export(
    client_id: Annotated[str, typer.Argument(help="The client's id.")],
    out: Annotated[Path, typer.Option(help="The ZIP file to write; it must not exist.")],
    reason: Annotated[str, typer.Option(help="Why; it is audited.")] = "request of the person (GDPR Art. 15 and 20)",
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Everything kept of a client (GDPR Art. 15 and 20): JSON of each service, a PDF to read, and scans.

    Each reading is audited. The file holds health answers: hand it over safely, and keep no copy.
    """
    if out.exists():
        fail(f"{out} exists already")
    files = ask(lambda services: _gather(services, client_id, reason), running(data_dir))
    if files is None:
        fail(f"there is no client {client_id}")
    write(out, files)
    show([{"file": name, "bytes": len(data)} for name, data in files.items()], as_json)


async def _gather(services: Any, client_id: str, reason: str) -> dict[str, bytes] | None:
    path, why = f"/v1/clients/{client_id}/export", {"reason": reason}
    if await services.find("scheduling", f"/v1/clients/{client_id}") is None:
        return None
    found = await asyncio.gather(*(services.find(name, path, **why) for name in PARTS))
    files = {
        f"{name}.json": json.dumps(part, indent=2, ensure_ascii=False).encode()
        for name, part in zip(PARTS, found, strict=True)
        if part is not None
    }
    if (screening := found[PARTS.index("screening")]) is not None:
        files["screening.pdf"] = (await services.send("GET", "screening", f"{path}.pdf", params=why)).content
        for scan, document in _documents(screening):
            answer = await services.send("GET", "screening", scan, params=why)
            files[f"documents/{document}"] = answer.content
    digests = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    manifest = {"client_id": client_id, "reason": reason, "sha256": digests}
    return {"manifest.json": json.dumps(manifest, indent=2, ensure_ascii=False).encode(), **files}


def _documents(screening: dict[str, Any]) -> list[tuple[str, str]]:
    """(path, name in the file) of each scan; the name is ours, not the one that somebody typed."""
    suffixes = {"application/pdf": "pdf", "image/png": "png", "image/jpeg": "jpg"}
    return [
        (f"/v1/screenings/{each['id']}/clearances/{letter['id']}/document",
         f"{letter['id']}.{suffixes[letter['document']['content_type']]}")
        for each in screening["screenings"]
        for letter in each.get("clearances", ())
        if isinstance(letter["document"], dict)
    ]  # fmt: skip


def write(out: Path, files: dict[str, bytes]) -> None:
    """The ZIP, whole or not at all, for its owner only."""
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    with os.fdopen(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(packed.getvalue())
