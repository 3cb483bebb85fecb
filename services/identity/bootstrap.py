"""API clients from a file, loaded at every start: an installation's own services, and the first administrator."""

import secrets
from pathlib import Path
from typing import Literal
from uuid import UUID

import orjson
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from services.identity import store
from services.identity.domain.api_clients import ApiClient, Reach
from services.identity.domain.scopes import known
from services.identity.domain.secrets import SALT_BYTES, seal
from shared.errors import CaibeiError
from shared.kit.database import Transaction


class UnusableBootstrapFile(RuntimeError):
    """The bootstrap file is there and cannot be used; identity refuses to start."""


class FiledClient(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    name: str = Field(min_length=1, max_length=200)
    client_id: str = Field(min_length=1, max_length=128, pattern=r"^[\x21-\x7e]+$")
    client_secret: SecretStr
    scopes: list[str]
    branches: list[UUID | Literal["*"]] = ["*"]
    therapist_id: UUID | None = None


class BootstrapFile(BaseModel):
    """`staff` is taken in the same file; signing people in comes with the console's own pages."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    api_clients: list[FiledClient] = []
    staff: list[dict[str, object]] = []


def read(path: Path) -> BootstrapFile:
    """Raises UnusableBootstrapFile, which names what is wrong and never a value."""
    try:
        return BootstrapFile.model_validate(orjson.loads(path.read_bytes()))
    except (OSError, orjson.JSONDecodeError, ValidationError) as error:
        raise UnusableBootstrapFile(f"{path}: {error}") from None


async def load(tx: Transaction, file: BootstrapFile) -> int:
    """Store what the file says and return how many clients it names. Loading it again changes nothing.

    A secret counts only when it is another than the one last taken from the file: a restart does not bring back a
    secret that was rotated since. A revoked client stays revoked.
    """
    for entry in file.api_clients:
        secret = entry.client_secret.get_secret_value()
        try:
            scopes, sealed = known(entry.scopes), seal(secret, secrets.token_bytes(SALT_BYTES))
        except CaibeiError as error:
            raise UnusableBootstrapFile(f"{entry.client_id}: {error.detail}") from None
        loaded = await store.loaded_secret(tx, entry.client_id)
        same = loaded is not None and loaded.opens(secret)
        client = ApiClient(
            client_id=entry.client_id,
            name=entry.name,
            reach=Reach(scopes=scopes, branches=frozenset(map(str, entry.branches))),
            therapist_id=entry.therapist_id,
            secret=sealed,
        )
        await store.load(tx, client, loaded if loaded is not None and same else sealed, new_secret=not same)
    return len(file.api_clients)
