"""Where the services are and as whom to sign in: a running system's runtime.json, or the environment."""

import os
from pathlib import Path

from deploy import runtime
from deploy.runtime import ApiClient


def sign_in(data_dir: Path | None = None, as_client: str = "admin") -> tuple[dict[str, str], ApiClient]:
    """(address by service, API client).

    CAIBEI_<SERVICE>_URL and CAIBEI_CLIENT_ID / CAIBEI_CLIENT_SECRET name another system than the one on this machine;
    all six addresses are needed then, but for the console's.

    Raises:
        NotRunning: there is neither.
    """
    urls = {service: url for service in runtime.SERVICES if (url := os.environ.get(f"CAIBEI_{service.upper()}_URL"))}
    own = os.environ.get("CAIBEI_CLIENT_ID"), os.environ.get("CAIBEI_CLIENT_SECRET")
    if data_dir is None and own[0] and own[1] and urls.keys() >= set(runtime.SERVICES) - {"console"}:
        return {name: url.rstrip("/") for name, url in urls.items()}, {"client_id": own[0], "client_secret": own[1]}
    found = runtime.load(data_dir)
    return found["services"], found["api_clients"][as_client]
