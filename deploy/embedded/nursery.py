"""A process that has imported the heavy libraries once and forks every service: fast starts, shared memory.

Each fork runs exactly what `python -m services.<name> <role>` runs, in an environment of its own. The nursery is
single-threaded and opens nothing, so forking is safe. It talks over a socket in lines of JSON: a request
{id, module, args, env, log} is answered by {id, pid}; {exited, code} follows when the child ends.
"""

import contextlib
import gc
import importlib
import json
import os
import runpy
import selectors
import signal
import socket
import sys
from typing import Any

from deploy.embedded.process import die_with_parent, set_name

# Nothing of ours but the kit: a service must not find another service's modules already there.
PRELOAD = (
    "asyncio", "uvloop", "httptools", "uvicorn", "uvicorn.protocols.http.httptools_impl", "uvicorn.loops.uvloop",
    "fastapi", "fastapi.openapi.utils", "sqlalchemy.ext.asyncio", "sqlalchemy.dialects.postgresql.asyncpg", "asyncpg",
    "aiokafka", "pydantic", "pydantic_settings", "structlog", "orjson", "jwt", "httpx", "opentelemetry.sdk.trace",
    "prometheus_client", "dateutil.rrule", "shared.events", "shared.kit.service",
)  # fmt: skip


def preload() -> None:
    """Import what the services will; what cannot be imported is left to the service that needs it, and its log."""
    for name in PRELOAD:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    gc.collect()
    gc.freeze()  # the collector will not touch these objects, so their memory stays shared


def serve(control: socket.socket) -> dict[str, Any] | None:
    """Fork on request until the supervisor is gone. Answers None then, and in each fork the request it is for."""
    wake, wake_write = os.pipe()
    os.set_blocking(wake_write, False)
    signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    selector = selectors.DefaultSelector()
    selector.register(control, selectors.EVENT_READ)
    selector.register(wake, selectors.EVENT_READ)
    pending = b""
    while True:
        for key, _ in selector.select():
            if key.fileobj is not control:
                os.read(wake, 1024)
                reap(control)
            elif received := control.recv(65536):
                *lines, pending = (pending + received).split(b"\n")
                for request in map(json.loads, lines):
                    parent = os.getpid()
                    pid = os.fork()
                    if pid == 0:
                        for opened in (selector, control):
                            opened.close()
                        os.close(wake)
                        os.close(wake_write)
                        return {**request, "parent": parent}
                    say(control, {"id": request["id"], "pid": pid})
            else:
                return None


def become(request: dict[str, Any]) -> None:
    """Turn this fork into the service: session, signals, output, environment, arguments; then run its module."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    die_with_parent(signal.SIGTERM, request["parent"])
    log = os.open(request["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    null = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((null, 0), (log, 1), (log, 2)):
        os.dup2(source, target)
    os.close(log)
    os.close(null)
    set_name(request["module"].rpartition(".")[2])
    os.environ.clear()
    os.environ.update(request["env"])
    sys.argv = [request["module"], *request["args"]]
    runpy.run_module(request["module"], run_name="__main__", alter_sys=True)


def reap(control: socket.socket) -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        say(control, {"exited": pid, "code": os.waitstatus_to_exitcode(status)})


def say(control: socket.socket, message: dict[str, Any]) -> None:
    control.sendall(json.dumps(message).encode() + b"\n")


if __name__ == "__main__":
    channel = socket.socket(fileno=int(sys.argv[1]))
    preload()
    if job := serve(channel):
        become(job)
