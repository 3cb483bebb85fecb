"""`caibei migrate`: every database to this release's schema, by each service's own migrations."""

import os
from typing import Annotated

import typer

from deploy.cli.console import DataDir, Json, fail, show
from deploy.embedded.databases import SERVICES_WITH_DATABASE

app = typer.Typer()


@app.command()
def migrate(
    service: Annotated[str | None, typer.Option(help="Only this service.")] = None,
    check: Annotated[bool, typer.Option("--check", help="Change nothing; end with 1 if something is behind.")] = False,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Bring every database to this release's schema. `caibei run` does it by itself.

    The owner's address of each database comes from CAIBEI_<SERVICE>_MIGRATION_URL, else from the running system.
    """
    import asyncio

    from deploy.embedded import schema

    names = [service] if service else list(SERVICES_WITH_DATABASE)
    if unknown := set(names) - set(SERVICES_WITH_DATABASE):
        fail(f"no such service: {unknown.pop()}; there are {', '.join(SERVICES_WITH_DATABASE)}")
    rows = []
    for name in names:
        url, newest = owner_url(name, data_dir), schema.head(name)
        try:
            before = asyncio.run(schema.current(url))
            if before != newest and not check:
                from shared.kit.migrations import upgrade

                upgrade(name, url)
        except OSError as error:
            fail(f"the database of {name} does not answer: {error}")
        rows.append({"service": name, "was": before, "is": before if check else newest, "newest": newest})
    show(rows, as_json)
    raise typer.Exit(int(any(row["is"] != row["newest"] for row in rows)))


def owner_url(service: str, data_dir: DataDir) -> str:
    """The address of a service's database as its owning role."""
    from deploy.embedded.databases import owner_role, with_login
    from deploy.embedded.installation import Installation
    from deploy.runtime import NotRunning, load, path

    name = f"CAIBEI_{service.upper()}_MIGRATION_URL"
    if url := os.environ.get(name):
        return url
    try:
        found, folder = load(data_dir), path(data_dir).parent
    except NotRunning as error:
        fail(f"{name} is not set, and {error}", 3)
    roles, role, known = Installation.open(folder).roles, owner_role(service), found["databases"][service]
    return with_login(known, role, roles[role], known.rsplit("/", 1)[1])
