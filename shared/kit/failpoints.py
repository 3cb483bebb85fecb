"""Named places where a test can make this process die, wait or fail.

`CAIBEI_FAILPOINT=relay.after_publish:3` kills the process (SIGKILL, to itself) the third time it gets there.
`…:3:error` raises instead, `…:1:stop` stops it (SIGSTOP). Several are separated by commas. Off when the setting is
empty, and a production environment refuses to start with it set.
"""

import os
import signal

_armed: dict[str, tuple[int, str]] = {}
_count: dict[str, int] = {}


class FailpointError(Exception):
    """Raised by an armed failpoint whose action is `error`."""


def arm(setting: str) -> None:
    """Read the setting. Called once at start."""
    _armed.clear()
    _count.clear()
    for part in filter(None, setting.split(",")):
        name, _, rest = part.partition(":")
        nth, _, action = rest.partition(":")
        _armed[name] = (int(nth or 1), action or "kill")


def reach(name: str) -> None:
    """Say that the process is at this place. Free when nothing is armed."""
    if not _armed or name not in _armed:
        return
    _count[name] = _count.get(name, 0) + 1
    nth, action = _armed[name]
    if _count[name] != nth:
        return
    if action == "error":
        raise FailpointError(name)
    os.kill(os.getpid(), signal.SIGSTOP if action == "stop" else signal.SIGKILL)
