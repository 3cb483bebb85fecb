"""Which port everything gets: the well-known ones where they are free, last time's for the servers, else free ones."""

from deploy.embedded.ports import PortTaken, free, holder, pick, require_free

OFFSETS = {"console": 0, "scheduling": 1, "screening": 2, "room_equipment": 3, "notification": 4, "identity": 5}
DEFAULT_BASE = 8000
SERVERS = ("postgres", "kafka", "kafka_controller", "smtp")


def plan(base: int | None, last: dict[str, int]) -> dict[str, int]:
    """{name: port} for the services and servers.

    base: None tries 8000 and replaces what is taken; 0 takes free ports; any other number is meant exactly, and a port
    that is taken raises PortTaken with its holder. `last` is what this installation used before.
    """
    # Picked all at once: the kernel may give the same port twice, and one just let go again.
    kept = {name: last[name] for name in SERVERS if name in last and free(last[name])}
    spare = (port for port in pick(2 * len(SERVERS + tuple(OFFSETS))) if port not in kept.values())
    servers = {name: kept.get(name) or next(spare) for name in SERVERS}
    if base == 0:
        services = {name: next(spare) for name in OFFSETS}
    elif base is None:
        wanted = {name: DEFAULT_BASE + offset for name, offset in OFFSETS.items()}
        services = {name: port if free(port) else next(spare) for name, port in wanted.items()}
    else:
        services = {name: base + offset for name, offset in OFFSETS.items()}
        if max(services.values()) > 65535:
            raise PortTaken(f"--port-base {base} leaves no room for {len(OFFSETS)} ports below 65536")
        require_free(services)
    return services | servers


def moved(ports: dict[str, int]) -> list[str]:
    """What a person should know: services that could not have their well-known port, and who holds it."""
    return [
        f"{name} is on port {ports[name]}: {DEFAULT_BASE + offset} is held by {holder(DEFAULT_BASE + offset)}"
        for name, offset in OFFSETS.items()
        if ports[name] != DEFAULT_BASE + offset
    ]
