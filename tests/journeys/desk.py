"""A desk: HTTP to all services as one API client, with a token that is renewed, everything written to a ledger."""

import asyncio
import secrets
import time
from typing import Any
from uuid import UUID

import httpx

from deploy.runtime import ApiClient
from tests.journeys.ledger import Ledger


class Desk:
    """`await desk.post("scheduling", "/v1/branches", {...})`. Every POST has an Idempotency-Key."""

    def __init__(self, urls: dict[str, str], client: ApiClient, ledger: Ledger, http: httpx.AsyncClient) -> None:
        self.urls, self.client, self.ledger, self.http = urls, client, ledger, http
        self._token, self._good_until = "", 0.0
        self._lock = asyncio.Lock()

    async def token(self) -> str:
        """An access token of this client."""
        async with self._lock:
            if time.monotonic() >= self._good_until:
                answer = await self.http.post(
                    f"{self.urls['identity']}/oauth/token",
                    data={"grant_type": "client_credentials"},
                    auth=(self.client["client_id"], self.client["client_secret"]),
                )
                answer.raise_for_status()
                body = answer.json()
                self._token, self._good_until = body["access_token"], time.monotonic() + body["expires_in"] / 2
        return self._token

    async def send(
        self, method: str, service: str, path: str, json: Any = None, *, key: str | None = None, **options: Any
    ) -> httpx.Response:
        """One request, whatever its answer. Raises httpx.HTTPError when there is none."""
        headers = {"Authorization": f"Bearer {await self.token()}"} | options.pop("headers", {})
        if key is not None:
            headers["Idempotency-Key"] = key
        response = None
        try:
            response = await self.http.request(method, self.urls[service] + path, json=json, headers=headers, **options)
            return response
        finally:
            self.ledger.write(method, service, path, key, json, response)

    async def post(self, service: str, path: str, json: Any = None, **options: Any) -> httpx.Response:
        return await self.send(
            "POST", service, path, json if json is not None else {}, **({"key": new_key()} | options)
        )

    async def get(self, service: str, path: str, **params: Any) -> Any:
        """The JSON of a GET that must succeed."""
        answer = await self.send("GET", service, path, params={k: v for k, v in params.items() if v is not None})
        assert answer.status_code == 200, f"GET {path}: {answer.status_code} {answer.text}"
        return answer.json()

    async def made(self, service: str, path: str, json: Any, method: str = "POST") -> Any:
        """The JSON of a command that must succeed. What another service announced a moment ago is waited for: the
        services do so for two seconds themselves, and a test machine may be slower."""
        end = time.monotonic() + 20
        while True:
            key = new_key() if method == "POST" else None
            answer = await self.send(method, service, path, json, key=key)
            if answer.status_code in (200, 201):
                return answer.json()
            code = str(answer.json().get("code"))
            unheard = code.startswith("unknown_") or code.endswith("_not_found")
            assert unheard and time.monotonic() < end, f"{method} {path}: {answer.status_code} {answer.text}"
            await asyncio.sleep(0.2)

    async def insist(
        self, service: str, path: str, json: Any, *, key: str | None = None, seconds: float = 90.0, **options: Any
    ) -> httpx.Response:
        """A POST repeated with its key until the service answers for good, as a careful client does."""
        key, end, last = key or new_key(), time.monotonic() + seconds, "none"
        while True:
            try:
                answer = await self.send("POST", service, path, json, key=key, **options)
                if answer.status_code < 500 and not _again(answer):
                    return answer
                last = f"{answer.status_code} {answer.text}"
            except httpx.HTTPError as error:
                last = repr(error)
            if time.monotonic() > end:
                raise AssertionError(f"POST {path}: no final answer within {seconds:.0f} s, last {last}")
            await asyncio.sleep(0.3)

    async def another(
        self, *scopes: str, branches: tuple[str, ...] = ("*",), therapist_id: str | UUID | None = None
    ) -> "Desk":
        """A desk for someone else, with these scopes only."""
        body: dict[str, Any] = {"name": f"desk {secrets.token_hex(3)}", "scopes": scopes, "branches": branches}
        if therapist_id is not None:
            body["therapist_id"] = str(therapist_id)
        made = await self.made("identity", "/v1/api-clients", body)
        client: ApiClient = {"client_id": made["client_id"], "client_secret": made["client_secret"]}
        return Desk(self.urls, client, self.ledger, self.http)


def new_key() -> str:
    return secrets.token_hex(12)


def _again(answer: httpx.Response) -> bool:
    return answer.status_code == 429 or (answer.status_code == 409 and "idempotency_in_progress" in answer.text)
