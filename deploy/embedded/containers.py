"""The same two servers in containers (Testcontainers), for CAIBEI_TEST_BACKEND=containers."""

from collections.abc import Callable
from typing import Any

from deploy.embedded.kafka import KAFKA_IMAGE, SETTINGS
from deploy.embedded.ports import pick

POSTGRES_IMAGE = "postgres:18"


def start_postgres() -> tuple[str, Callable[[], None]]:
    """A throwaway PostgreSQL; answers its superuser's address and how to stop it."""
    from testcontainers.community.postgres import PostgresContainer

    container: Any = PostgresContainer(POSTGRES_IMAGE, username="postgres", dbname="postgres", driver=None)
    container.with_command("postgres -c fsync=off -c max_connections=300")
    container.start()
    return container.get_connection_url(), container.stop


def start_kafka() -> tuple[str, Callable[[], None]]:
    """A throwaway Kafka with our settings. Its port is chosen first: a broker must tell clients its address."""
    from testcontainers.core.container import DockerContainer
    from testcontainers.core.wait_strategies import LogMessageWaitStrategy

    (port,) = pick()
    settings = {
        **SETTINGS,
        "listeners": "PLAINTEXT://:9092,CONTROLLER://:9093",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port}",
        "controller.quorum.voters": "1@localhost:9093",
    }
    container: Any = DockerContainer(KAFKA_IMAGE).with_bind_ports(9092, port)
    for key, value in settings.items():
        container.with_env(f"KAFKA_{key.upper().replace('.', '_')}", value)
    container.waiting_for(LogMessageWaitStrategy(".*Kafka Server started.*"))
    container.start()
    return f"127.0.0.1:{port}", container.stop
