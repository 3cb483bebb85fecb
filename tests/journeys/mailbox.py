"""The local mail catcher, as a test reads it."""

from typing import Any

import httpx

from tests.journeys.system import Whole, until


async def mails_to(whole: Whole, address: str, count: int = 1) -> list[dict[str, Any]]:
    """The mails to `address`, newest first, once there are at least `count`."""
    async with httpx.AsyncClient(trust_env=False) as http:

        async def arrived() -> list[dict[str, Any]]:
            answer = await http.get(
                whole.runtime["mailbox"], params={"to": address}, headers={"Accept": "application/json"}
            )
            found: list[dict[str, Any]] = answer.raise_for_status().json()["items"]
            return found if len(found) >= count else []

        mails: list[dict[str, Any]] = await until(arrived, f"{count} mails arrived")
        return mails
