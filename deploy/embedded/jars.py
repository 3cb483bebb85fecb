"""Kafka's jars: resolved by jgo once a user, checked against `kafka.sha256`, then found without jgo."""

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path

KAFKA_VERSION = "4.3.1"
# Resolved apart: in one resolution log4j's managed versions would pull kafka-clients down to 3.9.
ENDPOINTS = (f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}", "org.apache.logging.log4j:log4j-slf4j-impl:2.25.4")
LOCK = Path(__file__).with_name("kafka.sha256")


class JarsMissing(RuntimeError):
    """The jars could not be had, or are not the ones this release was tested with."""


def locked() -> dict[str, str]:
    """{jar file name: sha256} of the class path."""
    return {name: digest for digest, name in (line.split() for line in LOCK.read_text().splitlines())}


def class_path(cache: Path, progress: Callable[[str], None] = lambda _: None) -> str:
    """The class path of Kafka, its jars in `cache`/jars; downloads about 44 MB the first time.

    Raises JarsMissing with what to do when Maven Central is out of reach or a jar is not the one the lock names.
    """
    folder = cache / f"kafka-{KAFKA_VERSION}"
    wanted = locked()
    if not all((folder / name).exists() for name in wanted):
        progress("downloading Apache Kafka from Maven Central (44 MB, once)")
        fetch(wanted, folder)
    return ":".join(str(folder / name) for name in wanted)


def fetch(wanted: dict[str, str], folder: Path) -> None:
    """Resolve by jgo, check every jar, and put them into `folder`."""
    found = {jar.name: jar for jar in resolve(folder.parent / "jgo")}
    for name, digest in wanted.items():
        if name not in found:
            raise JarsMissing(f"Maven Central did not give {name}")
        if hashlib.sha256(found[name].read_bytes()).hexdigest() != digest:
            raise JarsMissing(f"{found[name]} is not the {name} that kafka.sha256 names: remove it and try again")
    folder.mkdir(parents=True, exist_ok=True)
    for name in wanted:
        part = folder / f"{name}.part"
        part.unlink(missing_ok=True)
        try:
            part.hardlink_to(found[name])
        except OSError:  # another file system
            shutil.copyfile(found[name], part)
        part.rename(folder / name)


def resolve(cache: Path) -> list[Path]:
    """Every jar of ENDPOINTS with its dependencies. jgo lays them out in two folders, jars/ and modules/."""
    import jgo  # takes 0.2 s, and only the first run needs it

    try:
        environments = [jgo.build(endpoint, cache_dir=cache) for endpoint in ENDPOINTS]
    except Exception as error:
        raise JarsMissing(
            f"Kafka's jars could not be downloaded from Maven Central ({error}): "
            "check the network, or name a mirror in the file JGO_CONFIG_FILE points to"
        ) from error
    kafka, *others = [[*env.path.glob("jars/*.jar"), *env.path.glob("modules/*.jar")] for env in environments]
    return [jar for jars in others for jar in jars] + kafka  # a name found twice is Kafka's
