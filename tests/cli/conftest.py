from collections.abc import Iterator

import pytest

from tests.caibei_run import CaibeiRun, caibei_run


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CaibeiRun]:
    """A small running system: one service without consumers and one with, which is all that commands need."""
    folder = tmp_path_factory.mktemp("cli")
    for parent in (folder, folder.parent):
        parent.chmod(0o755)
    with caibei_run(folder / "data", "--only", "identity,screening", "--port-base", "0", "--empty") as run:
        run.start()
        yield run
