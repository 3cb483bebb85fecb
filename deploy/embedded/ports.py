"""Free ports, and who holds one that is not free."""

import contextlib
import socket

import psutil

LOOPBACK = "127.0.0.1"


class PortTaken(RuntimeError):
    """A port that was asked for by number is held by another program; the message names it."""


def free(port: int) -> bool:
    """Whether a server can listen on this loopback port now."""
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do: ignores TIME_WAIT
        try:
            sock.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def pick(count: int = 1) -> list[int]:
    """`count` different ports that are free now, chosen by the kernel."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for sock in sockets:
            sock.bind((LOOPBACK, 0))
        return [int(sock.getsockname()[1]) for sock in sockets]


def holder(port: int) -> str:
    """The program that listens on `port`, as a person would name it; "another program" if it is not told."""
    with contextlib.suppress(psutil.Error, OSError):
        for connection in psutil.net_connections("inet"):
            if connection.laddr and connection.laddr.port == port and connection.status == psutil.CONN_LISTEN:
                if connection.pid is None:
                    break
                process = psutil.Process(connection.pid)
                line = " ".join(process.cmdline())[:120] or process.name()
                return f"process {connection.pid} ({line})"
    return "another program"


def require_free(ports: dict[str, int]) -> None:
    """Raise PortTaken naming the first port that is held, and by whom."""
    for name, port in ports.items():
        if not free(port):
            raise PortTaken(f"port {port} for {name} is held by {holder(port)}: end it, or choose another --port-base")


def accepts(port: int) -> bool:
    """Whether something on loopback accepts a TCP connection on `port`."""
    with socket.socket() as sock:
        sock.settimeout(0.2)
        return sock.connect_ex((LOOPBACK, port)) == 0
