"""The written pages name only what exists: files, tests, constraints, events, commands and alerts."""

import re
from functools import cache
from pathlib import Path

import pytest

from deploy.cli.main import COMMANDS

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
WRITTEN = [page for page in PAGES if "reference" not in page.parts]

pages = pytest.mark.parametrize("page", WRITTEN, ids=lambda page: str(page.relative_to(ROOT)))


@cache
def source(folder: str) -> str:
    """All Python and YAML under a folder, as one text."""
    files = [file for kind in ("*.py", "*.yml", "*.yaml") for file in sorted((ROOT / folder).rglob(kind))]
    return "\n".join(file.read_text("utf-8") for file in files)


@cache
def anchors(page: Path) -> set[str]:
    """The fragments of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8")):
        path, _, fragment = target.partition("#")
        if path.startswith("http"):
            continue
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), target
        assert file.is_relative_to(ROOT), target
        assert not fragment or fragment in anchors(file), target


@pages
def test_every_test_named_exists(page: Path) -> None:
    named = set(re.findall(r"`(test_\w+)`", page.read_text("utf-8")))
    assert {name for name in named if f"def {name}(" not in source("tests")} == set()


@pages
def test_every_constraint_named_exists(page: Path) -> None:
    prefixes = r"`((?:assignments|room_clearances|therapist_claims|inspections|lockouts|clearances)_\w+)`"
    named = set(re.findall(prefixes, page.read_text("utf-8")))
    assert {name for name in named if name not in source("services")} == set()


@pages
def test_every_command_named_exists(page: Path) -> None:
    named = set(re.findall(r"(?:^|`|bin/)caibei ([a-z][a-z-]+)", page.read_text("utf-8"), re.MULTILINE))
    assert named - set(COMMANDS) == set()


@pages
def test_every_make_target_named_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"(?:^|`)make ([a-z]+)", page.read_text("utf-8"), re.MULTILINE)) - targets == set()


@pages
def test_every_route_named_exists(page: Path) -> None:
    reference = (ROOT / "docs" / "reference" / "http.md").read_text("utf-8")
    routes = re.findall(r"^\| `([A-Z]+ /\S+)` \|", reference, re.MULTILINE)
    known = [re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(route))) for route in routes]
    for method, path in re.findall(r"`(GET|POST|PUT|PATCH|DELETE) (/v1/[^`?\s]*)", page.read_text("utf-8")):
        assert any(route.fullmatch(f"{method} {path}") for route in known), f"{method} {path}"


@pages
def test_every_module_named_exists(page: Path) -> None:
    for path in re.findall(r"`((?:domain|handlers|api|store|protocols)/[\w*]+\.(?:py|yaml))`", page.read_text("utf-8")):
        assert list(ROOT.glob(f"services/*/{path}")), path


def test_the_rule_is_found_from_the_readme_alone() -> None:
    """ "A session needs cleared bars to its very end": the page leads to the constraint itself."""
    readme = (ROOT / "README.md").read_text("utf-8")
    (migration,) = re.findall(r"\]\((services/room_equipment/migrations/\S+?)\)", readme)
    assert "CONSTRAINT assignments_room_is_cleared FOREIGN KEY" in (ROOT / migration).read_text("utf-8")
    assert "`assignments_room_is_cleared`" in readme
