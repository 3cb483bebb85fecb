"""The running services as a client sees them: a token, pages, and commands that may safely be sent twice."""

import asyncio
import random
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx

from deploy.runtime import ApiClient

PATIENCE_SECONDS = 30.0
_PASSING = (429, 502, 503, 504)


class Refusal(Exception):
    """A service said no (RFC 9457). `errors` point into the body that was sent; `body` is the whole problem.

    `replayed`: this is the service's memory of an earlier answer to the same key.
    """

    def __init__(self, status: int, body: dict[str, Any], asked: str, *, replayed: bool = False) -> None:
        self.status, self.body, self.asked, self.replayed = status, body, asked, replayed
        self.code = str(body.get("code") or body.get("error") or status)
        self.detail = str(body.get("detail") or body.get("error_description") or body.get("title") or "")
        self.errors: list[dict[str, str]] = body.get("errors") or []
        super().__init__(f"{asked}: {status} {self.code}: {self.detail}")


class Unreachable(Exception):
    """A service did not answer for `PATIENCE_SECONDS`; the message names it and what to do."""


class Services:
    """One sign-in to all services. Use as an async context manager.

    `width` commands run at once, at most; what may pass (429, 503, a lost connection) is tried again with backoff.
    """

    def __init__(self, urls: dict[str, str], client: ApiClient, width: int = 8) -> None:
        self._urls, self._client = urls, client
        self._slots = asyncio.Semaphore(width)
        self._token, self._good_until = "", 0.0
        self._signing_in = asyncio.Lock()

    async def __aenter__(self) -> "Services":
        self.http = httpx.AsyncClient(trust_env=False, timeout=httpx.Timeout(30, connect=3))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.aclose()

    def signed_in_as(self, client: ApiClient) -> "Services":
        """The same services for another client."""
        return Services(self._urls, client)

    async def get(self, service: str, path: str, **params: Any) -> Any:
        """The JSON of a GET. Raises Refusal or Unreachable."""
        wanted = {name: value for name, value in params.items() if value is not None}
        return (await self.send("GET", service, path, params=wanted)).json()

    async def find(self, service: str, path: str, **params: Any) -> Any | None:
        """As `get`, but None where there is no such thing."""
        try:
            return await self.get(service, path, **params)
        except Refusal as refusal:
            if refusal.status == 404:
                return None
            raise

    async def items(self, service: str, path: str, **params: Any) -> AsyncIterator[dict[str, Any]]:
        """Every item of a list, page by page."""
        cursor = None
        while True:
            page = await self.get(service, path, limit=200, cursor=cursor, **params)
            for item in page["items"]:
                yield item
            cursor = page["next_cursor"]
            if cursor is None:
                return

    async def all(self, service: str, path: str, **params: Any) -> list[dict[str, Any]]:
        return [item async for item in self.items(service, path, **params)]

    async def post(self, service: str, path: str, body: Any = None, *, key: str | None = None, wait: int = 0) -> Any:
        """The JSON of a POST's answer. With `key`, sending it twice has one effect (kept 24 h by the service)."""
        headers = {"Idempotency-Key": key} if key else {}
        if wait:
            headers["Prefer"] = f"wait={wait}"
        answer = await self.send("POST", service, path, json=body, headers=headers)
        return answer.json() if answer.content else None

    async def put(self, service: str, path: str, body: Any) -> Any:
        answer = await self.send("PUT", service, path, json=body)
        return answer.json() if answer.content else None

    async def send(self, method: str, service: str, path: str, **request: Any) -> httpx.Response:
        """One request, tried again while the trouble may pass. Raises Refusal or Unreachable."""
        url, deadline, pause = self._urls[service] + path, time.monotonic() + PATIENCE_SECONDS, 0.05
        own = request.pop("headers", {})
        while True:
            answer, trouble = None, "did not answer"
            try:
                async with self._slots:
                    headers = {**own, "Authorization": f"Bearer {await self.token()}"}
                    answer = await self.http.request(method, url, headers=headers, **request)
            except (httpx.TransportError, OSError) as error:
                trouble = f"did not answer ({type(error).__name__})"
            if answer is not None:
                if answer.status_code < 400:
                    return answer
                problem = _json(answer)
                if answer.status_code == 401:
                    self._good_until = 0.0
                elif answer.status_code not in _PASSING and problem.get("code") != "idempotency_in_progress":
                    replayed = "idempotent-replayed" in answer.headers
                    raise Refusal(answer.status_code, problem, f"{method} {path}", replayed=replayed)
                trouble = f"answered {answer.status_code} {problem.get('code', '')}"
            if time.monotonic() > deadline:
                raise Unreachable(f"{service} at {self._urls[service]} {trouble}: see `caibei doctor`")
            await asyncio.sleep(pause * random.uniform(0.5, 1.5))
            pause = min(pause * 2, 2.0)

    async def token(self) -> str:
        """An access token, asked for again at half its life."""
        async with self._signing_in:
            if time.monotonic() >= self._good_until:
                answer = await self.http.post(
                    self._urls["identity"] + "/oauth/token",
                    data={"grant_type": "client_credentials"},
                    auth=(self._client["client_id"], self._client["client_secret"]),
                )
                if answer.status_code in (400, 401, 403):
                    raise Refusal(answer.status_code, _json(answer), "POST /oauth/token")
                if answer.status_code != 200:
                    raise httpx.RemoteProtocolError(f"identity answered {answer.status_code}")
                body = answer.json()
                self._token, self._good_until = body["access_token"], time.monotonic() + body["expires_in"] / 2
        return self._token


def _json(answer: httpx.Response) -> dict[str, Any]:
    try:
        found = answer.json()
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
