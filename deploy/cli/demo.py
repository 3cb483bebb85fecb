"""`caibei demo`: the story of a day at the chain, told by the running system's own answers in under a minute."""

import asyncio
import time
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from deploy import runtime
from deploy.cli.chain.services import Refusal, Services, Unreachable
from deploy.cli.chain.signin import sign_in
from deploy.cli.console import DataDir, Json, fail
from deploy.cli.story import aftermath, booking, cast, failure, refusals
from deploy.cli.story.stage import CannotTell, Stage
from deploy.cli.story.telling import Teller

app = typer.Typer()


@app.command()
def demo(
    branch: Annotated[
        str | None, typer.Option(help="Code of the branch to tell of. [default: the one with most to tell]")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Show every moved session and message.")] = False,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Tell the story of a day at the chain, against the running system.

    A client is screened and booked; a room with a lapsed certificate is refused, and a client with osteoporosis; a bar
    fails its inspection, sessions move or wait for a person, and clients are told. At the end all is put right, so
    the demo may be run again.
    """
    try:
        tell = asyncio.run(_told(data_dir, branch, everything, as_json))
    except runtime.NotRunning as error:
        fail(str(error), 3)
    except CannotTell as error:
        fail(str(error))
    except (Refusal, Unreachable) as error:
        fail(f"The story broke off: {error}")
    if as_json:
        print(tell.as_json())


async def _told(data_dir: Path | None, branch: str | None, everything: bool, as_json: bool) -> Teller:
    tell, began = Teller(quiet=as_json), time.monotonic()
    urls, admin = sign_in(data_dir)
    try:
        found: runtime.Runtime | None = runtime.load(data_dir)
    except runtime.NotRunning:
        found = None  # another machine's system, named by the environment: no mailbox to read there
    async with AsyncExitStack() as stack:
        services = await stack.enter_async_context(Services(urls, admin))
        # The partner may book and screen but not read answers: what a reception sees.
        partner = found["api_clients"].get("partner") if found else None
        reception = await stack.enter_async_context(Services(urls, partner)) if partner else None
        stage = await cast.set_stage(services, tell, found["mailbox"] if found else None, reception, branch)
        stage.most_rows = 10_000 if everything else stage.most_rows
        _open(stage)
        taken: set[str] = set()
        booked = await booking.a_client_books(stage, taken)
        await refusals.a_room_that_lapsed(stage, taken)
        await refusals.a_client_declined(stage, taken)
        own = await failure.a_session_that_stays(stage, booked, taken)
        failed = await failure.a_bar_fails(stage, booked, own)
        await aftermath.put_right(stage, failed)
    took = time.monotonic() - began
    tell.fact("story", seconds=round(took, 2))
    look = f", or look at {urls['console']}" if "console" in urls else ""
    tell.line(f"Told in {took:.1f} s. All is as usable as before: run it again{look}", "", "look")
    return tell


def _open(stage: Stage) -> None:
    branch = stage.branch
    bars, now = len(cast.with_bars(stage)), datetime.now(UTC).isoformat()
    stage.tell.title(
        f"{branch['name']} ({branch['code']})",
        f"It is {stage.when(now)} there ({branch['timezone']}); all times below are by its clock. "
        f"{len(stage.rooms)} rooms, {bars} with balancing bars; {len(cast.cleared(stage))} of them are cleared for "
        "back-stepping throughout the next 14 days.",
    )
    stage.tell.fact("branch", id=branch["id"], code=branch["code"], timezone=branch["timezone"])
    stage.tell.fact("branch", treatment=stage.treatment["code"], rooms=len(stage.rooms), rooms_with_bars=bars)


if __name__ == "__main__":
    app()
