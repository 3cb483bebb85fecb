"""/v1/cancellation-policies: until when cancelling is free, and what a late one is marked with."""

from typing import Any
from uuid import UUID

from fastapi import Response

from services.scheduling.api.places import Reader, Writer
from services.scheduling.domain.errors import Unknown
from services.scheduling.schemas.holds import CancellationPolicy, KeptPolicy
from services.scheduling.store import places
from services.scheduling.store import policies as store
from shared.errors import Forbidden, NotFound
from shared.kit.auth import Principal
from shared.kit.ids import new_id
from shared.kit.paging import Page
from shared.kit.unit import Tx, router

routes = router("/v1/cancellation-policies", "cancellation policies")


@routes.put("")
async def put_policy(body: CancellationPolicy, who: Writer, tx: Tx) -> KeptPolicy:
    """Set the policy of this branch and treatment. New bookings only: what is booked keeps what it was booked under."""
    _of_the_chain(who, body.branch_id)
    if body.branch_id is not None and (
        not who.sees(body.branch_id) or not await places.get(tx, "branch", body.branch_id)
    ):
        raise Unknown("branch", "/branch_id")
    if body.treatment_id is not None and not await places.get(tx, "treatment", body.treatment_id):
        raise Unknown("treatment", "/treatment_id")
    fee = {"fee_amount": body.fee.amount, "fee_currency": body.fee.currency} if body.fee else {}
    none = {"fee_amount": None, "fee_currency": None}
    return _shown(await store.put(tx, body.model_dump(exclude={"fee"}) | none | fee | {"id": new_id()}))


@routes.get("")
async def list_policies(who: Reader, tx: Tx) -> Page[KeptPolicy]:
    """All that concern the branches this token sees: there are few. The most exact one counts."""
    return Page(items=[_shown(row) for row in await store.listed(tx, who.branch_list)])


@routes.delete("/{policy_id}", status_code=204)
async def remove_policy(policy_id: UUID, who: Writer, tx: Tx) -> Response:
    """The next most exact one counts from now on."""
    row = await store.get(tx, policy_id)
    if row is None or (row.branch_id is not None and not who.sees(row.branch_id)):
        raise NotFound("not_found", "There is no such policy.")
    _of_the_chain(who, row.branch_id)
    await store.remove(tx, policy_id)
    return Response(status_code=204)


def _of_the_chain(who: Principal, branch_id: UUID | None) -> None:
    if branch_id is None and who.branches is not None:
        raise Forbidden("all_branches_needed", "Only a caller who sees every branch may set what holds in all of them.")


def _shown(row: Any) -> KeptPolicy:
    fee = None if row.fee_amount is None else {"amount": row.fee_amount, "currency": row.fee_currency}
    return KeptPolicy.model_validate({**row._mapping, "fee": fee})
