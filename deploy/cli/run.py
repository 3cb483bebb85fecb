"""`caibei run`: the whole system on this machine, until Ctrl-C or SIGTERM."""

import asyncio
import contextlib
import signal
import sys
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from deploy.embedded.installation import AlreadyRunning
from deploy.embedded.jars import JarsMissing
from deploy.embedded.portplan import moved
from deploy.embedded.ports import PortTaken
from deploy.embedded.process import StartFailed, start_child
from deploy.embedded.progress import Progress
from deploy.embedded.system import Options, System
from deploy.runtime import SERVICES, default_data_dir

app = typer.Typer()
DEMO = Path(__file__).parents[1] / "demo"
EXPECTED = (AlreadyRunning, JarsMissing, PortTaken, StartFailed, OSError)


@app.command()
def run(
    data_dir: Annotated[Path | None, typer.Option(help="Where data, logs and secrets are kept.")] = None,
    port_base: Annotated[
        int | None, typer.Option(min=0, max=65530, help="First of six ports; 0 picks free ones. [default: 8000]")
    ] = None,
    empty: Annotated[bool, typer.Option("--empty", help="Import no demo chain.")] = False,
    workers: Annotated[int, typer.Option(min=0, max=16, help="Worker processes a service; 0: one for everything.")] = 0,
    only: Annotated[str, typer.Option(hidden=True, help="Comma-separated services, for development.")] = "",
) -> None:
    """Start everything on this machine, and keep it running until Ctrl-C.

    Writes runtime.json into the data folder and prints `ready` when every service answers.
    """
    options = Options(
        data_dir=data_dir or default_data_dir(),
        port_base=port_base,
        workers=workers,
        services=tuple(only.split(",")) if only else SERVICES,
    )
    raise typer.Exit(asyncio.run(serve(options, Progress(), demo=not empty)))


async def serve(options: Options, progress: Progress, *, demo: bool) -> int:
    """Run until a signal; answers the exit code."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sig in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if sig != signal.SIGHUP or signal.getsignal(sig) != signal.SIG_IGN:  # nohup means it
            loop.add_signal_handler(sig, stop.set)
    try:
        system = System(options, progress)
    except EXPECTED as error:
        progress.trouble(str(error))
        return 1
    stopped = asyncio.create_task(stop.wait())
    starting = asyncio.create_task(bring_up(system, progress, options, demo=demo))
    try:
        await asyncio.wait([starting, stopped], return_when=asyncio.FIRST_COMPLETED)
        if not starting.done():
            return 0
        if problem := trouble_of(starting):
            progress.trouble(problem)
            return 1
        await stopped
        return 0
    finally:
        progress.say("stopping")
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)
        await system.stop()
        stopped.cancel()
        progress.say("stopped; the data stays in " + str(options.data_dir))


async def bring_up(system: System, progress: Progress, options: Options, *, demo: bool) -> None:
    """Start, import the demo chain the first time, say that it is ready."""
    began = time.monotonic()
    for line in moved(system.installation.ports) if options.port_base is None else ():
        progress.say(line)
    await system.start()
    if demo and not system.installation.demo_imported:
        system.publish("starting.json")
        await import_demo(system, progress)
    progress.ready(system.publish(), time.monotonic() - began, str(options.data_dir))
    system.tidy()


async def import_demo(system: System, progress: Progress) -> None:
    """Load deploy/demo by `caibei import`, as a chain loads its own. Trouble is told; the next start tries again."""
    if not any(DEMO.glob("*.y*ml")):
        progress.trouble(f"no demo chain: {DEMO.name}/ is empty; go on with `caibei import FILE`")
        return
    log = system.logs / "import.log"
    command = [sys.executable, "-m", "deploy.cli.main", "import", str(DEMO)]
    with progress.during("importing the demo chain"), progress.step("demo chain", "imported by `caibei import`"):
        env = {**import_environment(system), "CAIBEI_RUNTIME_FILE": str(system.folder / "starting.json")}
        child = await start_child("import", command, log=log, env=env)
        try:
            code = await child.process.wait()
        finally:
            await asyncio.shield(child.stop(2))
    if code:
        progress.trouble(f"the demo chain was not imported (see {log}); the next start tries again")
        return
    system.installation.demo_imported = True
    system.installation.save()


def import_environment(system: System) -> dict[str, str]:
    """The caller's environment, with our packages found from wherever we were called."""
    import os

    return {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}


def trouble_of(task: "asyncio.Task[Any]") -> str | None:
    """What a person should read about a failed start; None if it went well. Unexpected errors are raised."""
    error = task.exception()
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if error is None:
        return None
    if isinstance(error, EXPECTED):
        return str(error)
    with contextlib.suppress(Exception):
        task.print_stack()
    raise error
