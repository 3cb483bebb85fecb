"""Master keys and retention from the command line, against a running screening."""

from tests.caibei_run import CaibeiRun
from tests.cli.test_commands import printed
from tests.cli.test_main import caibei


def test_a_master_key_is_rotated_rewrapped_and_destroyed(running: CaibeiRun) -> None:
    (old,) = printed(running, "keys", "status")
    assert (old["active"], old["destroyable"]) == (True, False)
    new, former = printed(running, "keys", "rotate", "--reason", "tests")
    assert (new["active"], former["id"], former["active"]) == (True, old["id"], False)
    assert printed(running, "keys", "rewrap") == {"moved": 0, "left": 0}
    refused = caibei("keys", "destroy", new["id"], "--reason", "tests", CAIBEI_DATA_DIR=str(running.folder))
    assert (refused.returncode, "master_key_active" in refused.stderr) == (1, True)
    printed(running, "keys", "destroy", old["id"], "--reason", "tests")
    assert [key["id"] for key in printed(running, "keys", "status")] == [new["id"]]
    file = running.folder / "screening-master.key"
    assert (len(file.read_text().split()), file.stat().st_mode & 0o777) == (1, 0o600)


def test_the_retention_is_shown_and_set(running: CaibeiRun) -> None:
    assert printed(running, "retention", "status") == {"default_months": 36, "rules": [], "due": 0}
    assert printed(running, "retention", "set", "60")["rules"] == [{"branch_id": None, "months": 60}]
    assert printed(running, "retention", "set", "0")["rules"] == [{"branch_id": None, "months": None}]
