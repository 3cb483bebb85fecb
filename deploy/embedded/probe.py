"""Whether a service is ready, asked over HTTP without an HTTP library: the supervisor stays small."""

import asyncio
import contextlib
import json
from typing import Any
from urllib.parse import urlsplit


async def get_json(url: str, seconds: float = 2.0) -> tuple[int, Any]:
    """(status, JSON body) of a GET on loopback; (0, None) when there is no answer in time or it is no JSON."""
    address = urlsplit(url)
    writer: asyncio.StreamWriter | None = None
    try:
        async with asyncio.timeout(seconds):
            reader, writer = await asyncio.open_connection(address.hostname, address.port)
            writer.write(f"GET {address.path} HTTP/1.0\r\nHost: {address.netloc}\r\nConnection: close\r\n\r\n".encode())
            answer = await reader.read(-1)
        head, _, body = answer.partition(b"\r\n\r\n")
        return int(head.split()[1]), json.loads(body)
    except (OSError, TimeoutError, ValueError, IndexError):
        return 0, None
    finally:
        if writer is not None:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


async def ready(url: str) -> bool:
    """Whether the service at `url` answers /readyz with everything ok, its relay and consumer included."""
    status, body = await get_json(f"{url}/readyz")
    return status == 200 and isinstance(body, dict) and body.get("status") in (None, "ok")
