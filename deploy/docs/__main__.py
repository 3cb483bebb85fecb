"""`python -m deploy.docs write` makes `docs/reference` and the event snapshots; `check` says what is not current."""

import sys
from pathlib import Path

from deploy.docs import asyncapi, event_pages, http_pages, openapi, rules, settings_page
from deploy.docs.text import as_json
from shared.events import snapshots

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"


def files() -> dict[str, str]:
    """Every generated file, by its path under `docs/reference`."""
    documents = openapi.documents()
    made = {f"openapi/{name}.json": as_json(document) for name, document in documents.items()}
    messages = asyncapi.document()
    made["asyncapi.json"] = as_json(messages)
    made["events.md"] = event_pages.page(messages)
    made["http.md"] = http_pages.page(documents)
    made["settings.md"] = settings_page.page()
    return made


def write() -> list[str]:
    """Write all, delete what nothing generates any more. Returns what is wrong all the same."""
    found = snapshots.write()
    made = files()
    for name, text in made.items():
        (REFERENCE / name).parent.mkdir(parents=True, exist_ok=True)
        (REFERENCE / name).write_text(text, "utf-8")
    for name in _present() - made.keys():
        (REFERENCE / name).unlink()
    return found + rules.problems(openapi.documents())


def check() -> list[str]:
    """What `write` would change, what breaks a reader, and what the documents lack."""
    made, present = files(), _present()
    stale = [name for name in made if name not in present or (REFERENCE / name).read_text("utf-8") != made[name]]
    listed = [f"docs/reference/{name} is not current: run `make docs`" for name in sorted(stale)]
    listed += [f"docs/reference/{name}: nothing generates it" for name in sorted(present - made.keys())]
    return snapshots.check() + listed + rules.problems(openapi.documents())


def _present() -> set[str]:
    return {str(file.relative_to(REFERENCE)) for file in REFERENCE.rglob("*") if file.is_file()}


if __name__ == "__main__":
    verb = sys.argv[1] if len(sys.argv) == 2 else "write" if len(sys.argv) == 1 else ""
    if verb not in ("write", "check"):
        sys.exit("usage: python -m deploy.docs [write|check]")
    problems = write() if verb == "write" else check()
    sys.exit("\n".join(problems) if problems else 0)
