"""`/v1/master-keys`: which there are, a new one, and the end of an old one. Never a key."""

from typing import Annotated

from fastapi import Query
from pydantic import Field

from services.screening.api.parameters import TheVault
from services.screening.handlers import rotate
from shared.errors import Forbidden
from shared.kit.auth import Principal, requires
from shared.kit.body import Answer, Body, Name, example
from shared.kit.paging import Page
from shared.kit.unit import Tx, router

master_keys = router("/v1/master-keys", "master keys")
WRITE = requires("ops:write")


class MasterKeyAnswer(Answer):
    """`id` is a short hash of the key. `records`: answers to POSTs of the last day that need it."""

    id: str
    active: bool
    client_keys: int
    records: int
    present: bool
    destroyable: bool


class Rotation(Body):
    model_config = example(reason="every year")

    reason: Name


class Rewrapping(Body):
    model_config = example(limit=1000)

    limit: Annotated[int, Field(ge=1, le=10_000)]


class Rewrapped(Answer):
    """`left`: clients' keys that are still under an older master key."""

    moved: int
    left: int


@master_keys.get("")
async def list_keys(tx: Tx, vault: TheVault, _: Principal = requires("ops:read")) -> Page[MasterKeyAnswer]:
    """Newest first, with what each still wraps."""
    return _shown(await rotate.state(tx, vault))


@master_keys.post("", status_code=201)
async def add(tx: Tx, vault: TheVault, body: Rotation, who: Principal = WRITE) -> Page[MasterKeyAnswer]:
    """Rotate: a fresh master key wraps from now on, and clients' keys are moved to it in the background."""
    _of_the_chain(who)
    return _shown(await rotate.rotate(tx, vault, who, body.reason))


@master_keys.post("/rewrap")
async def rewrap(tx: Tx, vault: TheVault, body: Rewrapping, who: Principal = WRITE) -> Rewrapped:
    """Move the next keys now instead of waiting for the job. Whoever is interrupted goes on where it was."""
    _of_the_chain(who)
    moved = await rotate.rewrap(tx, vault, body.limit)
    return Rewrapped(moved=moved, left=sum(k.client_keys for k in await rotate.state(tx, vault) if not k.active))


@master_keys.delete("/{id}", status_code=204)
async def destroy(
    tx: Tx,
    vault: TheVault,
    id: str,
    why: Annotated[str, Query(alias="reason", max_length=200, description="Why; it is audited.")] = "",
    who: Principal = WRITE,
) -> None:
    """Destroy an old master key for good. Refused while anything is still wrapped by it."""
    _of_the_chain(who)
    await rotate.destroy(tx, vault, who, id, why)


def _shown(found: list[rotate.KeyState]) -> Page[MasterKeyAnswer]:
    return Page(items=[MasterKeyAnswer.model_validate(key) for key in found])


def _of_the_chain(who: Principal) -> None:
    """A master key belongs to no branch."""
    if who.branches is not None:
        raise Forbidden("all_branches_needed", "Only a caller who sees every branch may change master keys.")
