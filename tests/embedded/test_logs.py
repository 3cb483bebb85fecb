from pathlib import Path

from deploy.embedded.logs import trim


def test_a_log_over_the_limit_is_kept_once_and_its_writer_goes_on_at_the_start(tmp_path: Path) -> None:
    log = tmp_path / "scheduling.log"
    with log.open("ab", buffering=0) as writer:
        writer.write(b"x" * 2000)
        assert trim(tmp_path, limit=1000) == [log]
        writer.write(b"after")
    assert log.read_bytes() == b"after"
    assert (tmp_path / "scheduling.log.1").stat().st_size == 2000


def test_a_small_log_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "scheduling.log").write_bytes(b"x")
    assert trim(tmp_path, limit=1000) == []
