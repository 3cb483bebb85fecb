"""The JVM's cache for Kafka belongs to a JVM, its switches and the jars, and to nothing of one checkout."""

from pathlib import Path

from deploy.embedded.aot import cache_file, use
from deploy.embedded.kafka import JVM


def test_another_checkout_shares_the_cache_and_other_jars_or_switches_do_not(tmp_path: Path) -> None:
    ours = cache_file(tmp_path, JVM, "jars")
    elsewhere = [flag.replace("=/", "=/elsewhere/") if flag.startswith("-D") else flag for flag in JVM]
    assert elsewhere != list(JVM)
    assert cache_file(tmp_path, elsewhere, "jars") == ours
    assert cache_file(tmp_path, JVM, "other jars") != ours
    assert cache_file(tmp_path, [*JVM, "-Xint"], "jars") != ours


def test_a_cache_that_is_not_there_is_not_asked_for(tmp_path: Path) -> None:
    assert use(tmp_path / "kafka.aot") == []
