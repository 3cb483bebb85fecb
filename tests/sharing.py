"""How tests are shared out to workers: by what they start.

A file is never split, for its tests share a database and a service. The tests of a folder in `ONE_SYSTEM` share a whole
running system, a gigabyte: they go to one worker together. The rest is as pytest-xdist's loadscope does it.
"""

from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

ONE_SYSTEM = ("tests/chaos/", "tests/cli/test_commands", "tests/cli/test_keys", "tests/journeys/")


class ByServers(LoadScopeScheduling):  # type: ignore[misc]  # the library has no types
    """`_split_scope` is where pytest-xdist asks which tests stay together."""

    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.split("::", 1)[0]
        return next((folder for folder in ONE_SYSTEM if path.startswith(folder)), path)


@pytest.hookimpl
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByServers:
    # In the order they were collected: the folders that take minutes come first, so that no worker ends alone.
    config.option.loadscopereorder = False
    return ByServers(config, log)
