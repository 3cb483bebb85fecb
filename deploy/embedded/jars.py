"""Kafka's jars: exactly those of `kafka.sha256`, fetched once a user, each checked against its hash.

The lock was made by jgo, which resolves dependencies as Maven does; `python -m deploy.embedded.jars` makes it anew.
A jar is taken from Maven's own cache where that has it, else from the repository, several at a time: 8 s where jgo,
which reads one POM after another, takes 35. jgo is the way of last resort: it knows mirrors from its own settings.
"""

import hashlib
import os
import shutil
import urllib.request
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

KAFKA_VERSION = "4.3.1"
# Resolved apart: in one resolution log4j's managed versions would pull kafka-clients down to 3.9.
ENDPOINTS = (f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}", "org.apache.logging.log4j:log4j-slf4j-impl:2.25.4")
LOCK = Path(__file__).with_name("kafka.sha256")
AT_ONCE = 8


class JarsMissing(RuntimeError):
    """The jars could not be had, or are not the ones this release was tested with."""


def locked() -> dict[str, str]:
    """{path in a Maven repository: sha256} of the class path."""
    return {path: digest for digest, path in (line.split() for line in LOCK.read_text().splitlines())}


def class_path(cache: Path, progress: Callable[[str], object] = lambda _: None) -> str:
    """The class path of Kafka, its jars in `cache`; downloads about 44 MB the first time.

    Raises JarsMissing with what to do when they cannot be had or one is not what the lock says.
    """
    folder = cache / f"kafka-{KAFKA_VERSION}"
    wanted = locked()
    missing = {path: digest for path, digest in wanted.items() if not (folder / Path(path).name).exists()}
    if missing:
        progress("fetching Apache Kafka from Maven Central (44 MB, once)")
        fetch(missing, folder)
    return ":".join(str(folder / Path(path).name) for path in wanted)


def fetch(wanted: dict[str, str], folder: Path) -> None:
    """Bring the jars into `folder`; one with another content than its hash says is refused."""
    folder.mkdir(parents=True, exist_ok=True)

    def bring(path: str) -> str | None:
        for source in (from_maven_cache, download):
            try:
                if keep(source(path), wanted[path], folder / Path(path).name):
                    return None
            except OSError:
                continue
        return path

    with ThreadPoolExecutor(AT_ONCE) as pool:
        missing = [path for path in pool.map(bring, wanted) if path]
    if missing:
        found = {jar.name: jar for jar in resolve(folder.parent / "jgo")}
        for path in missing:
            name = Path(path).name
            if name not in found or not keep(found[name].read_bytes(), wanted[path], folder / name):
                raise JarsMissing(
                    f"{name} could not be had with the content that {LOCK.name} names: {path} of Maven Central"
                )


def from_maven_cache(path: str) -> bytes:
    """A jar that Maven, Gradle's mirror of it or jgo downloaded before. Raises OSError."""
    return (Path(os.environ.get("M2_REPO") or Path.home() / ".m2" / "repository") / path).read_bytes()


def download(path: str) -> bytes:
    """A jar from Maven Central, whose address jgo knows (CAIBEI_MAVEN_URL names another one). Raises OSError."""
    from jgo.constants import MAVEN_CENTRAL_URL  # takes 0.2 s, and only the first run needs it

    base = os.environ.get("CAIBEI_MAVEN_URL", MAVEN_CENTRAL_URL)
    with urllib.request.urlopen(f"{base}/{path}", timeout=60) as answer:  # noqa: S310 - the address is ours
        content: bytes = answer.read()
        return content


def keep(content: bytes, digest: str, target: Path) -> bool:
    """Put the content in its place, at once, if it is what the lock says."""
    if hashlib.sha256(content).hexdigest() != digest:
        return False
    part = target.with_name(f"{target.name}.{os.getpid()}.part")
    part.write_bytes(content)
    part.replace(target)
    return True


def resolve(cache: Path) -> list[Path]:
    """Every jar of ENDPOINTS with its dependencies, by jgo, which lays them out in jars/ and modules/."""
    import jgo  # takes 0.2 s, and only the first run needs it

    try:
        environments = [jgo.build(endpoint, cache_dir=cache) for endpoint in ENDPOINTS]
    except Exception as error:
        raise JarsMissing(
            f"Kafka's jars could not be downloaded from Maven Central ({error}): "
            "check the network, or name a mirror in CAIBEI_MAVEN_URL"
        ) from error
    kafka, *others = [[*env.path.glob("jars/*.jar"), *env.path.glob("modules/*.jar")] for env in environments]
    return [jar for jars in others for jar in jars if jar.name.startswith("log4j-slf4j")] + kafka


def lock(jars: Iterable[Path], repository: Path) -> str:
    """The text of the lock: each jar's hash and its path in `repository`, where it was downloaded to."""
    lines = []
    for jar in jars:
        (home,) = repository.rglob(jar.name)
        lines.append(f"{hashlib.sha256(jar.read_bytes()).hexdigest()}  {home.relative_to(repository)}\n")
    return "".join(sorted(lines, key=lambda line: line.split()[1]))


if __name__ == "__main__":
    work = Path("build/jars")
    os.environ["M2_REPO"] = str(work / "m2")
    LOCK.write_text(lock(resolve(work), work / "m2"))
    shutil.rmtree(work)
