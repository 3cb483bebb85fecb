"""`/v1/invitations`: links to the client's own page."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response

from services.screening.api.parameters import place_of
from services.screening.handlers import invite as handlers
from services.screening.handlers.fill import PURPOSE
from services.screening.invitation_schemas import (
    InvitationAnswer,
    IssuedInvitation,
    LinkAnswer,
    LinksAnswer,
    NewInvitation,
    State,
)
from services.screening.protocols import choose_locale
from services.screening.store import invitations as store
from shared.kit.auth import Principal, requires
from shared.kit.links import Links
from shared.kit.paging import Cursor, Limit, Page, page
from shared.kit.unit import Tx, Unit, router

invitations = router("/v1/invitations", "invitations")
links = router("/v1/invitation-links", "invitations")
READ, WRITE = requires("screening:read"), requires("screening:write")
PATH = "/questions/"  # says nothing of health to who reads over the shoulder
MOST_LINKS = 100


def links_of(request: Request) -> Links:
    """The links to questionnaires, as this installation signs them."""
    made: Links = request.app.state.settings.links(PURPOSE, request.app.state.common.screening_url)
    return made


@invitations.post("", status_code=201)
async def create(
    unit: Unit, body: NewInvitation, request: Request, response: Response, who: Principal = WRITE
) -> IssuedInvitation:
    """Invite a client to answer on their own phone. The link opens that one questionnaire, until it is used or ends.

    One invitation a client and protocol: a new one ends the one before, with what was answered under it.
    """
    made = links_of(request)
    row = await handlers.invite(
        unit,
        who,
        client_id=body.client_id,
        protocol=body.protocol,
        appointment_id=body.appointment_id,
        locale=choose_locale(body.locale) if body.locale else None,
        send=body.send,
    )
    response.headers["Location"] = f"/v1/invitations/{row.id}"
    shown = InvitationAnswer.model_validate(row).model_dump()
    return IssuedInvitation(**shown, url=made.address(PATH, row.id, row.expires_at))


@invitations.get("")
async def list_invitations(
    tx: Tx,
    client_id: UUID | None = None,
    appointment_id: UUID | None = None,
    state: Annotated[State | None, Query()] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    who: Principal = READ,
) -> Page[InvitationAnswer]:
    """Who was invited, newest first, and where each invitation stands. Never a link."""
    rows = await store.page(
        tx,
        who.branch_list,
        client_id=client_id,
        appointment_id=appointment_id,
        state=state,
        before=place_of(cursor),
        limit=limit + 1,
    )
    rows, after = page(rows, limit, lambda row: row.id)
    return Page(items=[InvitationAnswer.model_validate(row) for row in rows], next_cursor=after)


@invitations.get("/{id}")
async def show(tx: Tx, id: UUID, who: Principal = READ) -> InvitationAnswer:
    """Where an invitation stands."""
    return InvitationAnswer.model_validate(await handlers.visible(tx, who, id))


@invitations.post("/{id}/revoke")
async def revoke(tx: Tx, id: UUID, who: Principal = WRITE) -> InvitationAnswer:
    """End a link at once; what was answered under it so far is gone."""
    return InvitationAnswer.model_validate(await handlers.revoke(tx, who, id))


@links.get("")
async def list_links(
    tx: Tx,
    request: Request,
    id: Annotated[list[UUID], Query(max_length=MOST_LINKS, description="Of these invitations.")],
    limit: Limit = MOST_LINKS,
    who: Principal = requires("screening:links"),
) -> LinksAnswer:
    """The links of invitations that can still be used, for who writes to their clients at this moment."""
    made = links_of(request)
    rows = await store.several(tx, who.branch_list, id)
    return LinksAnswer(
        items=[
            LinkAnswer(id=row.id, url=made.address(PATH, row.id, row.expires_at), expires_at=row.expires_at)
            for row in rows[:limit]
        ]
    )
