"""Scopes: what a token lets its holder do. The table is rules.md, "Who may what"."""

from collections.abc import Iterable

from services.identity.domain.errors import UnknownScope

SCOPES: dict[str, str] = {
    "scheduling:read": "Read branches, treatments, therapists, clients and appointments",
    "scheduling:write": "Change them, book and cancel",
    "scheduling:links": "Links by which clients answer in their own name; for who writes to them",
    "rooms:read": "Read rooms, equipment, inspections and assignments",
    "rooms:write": "Register rooms, equipment and new bars",
    "rooms:operate": "Start and finish sessions, pre-use checks, lock-outs, direct assignments",
    "rooms:inspect": "Inspections, releases, ratings, removing a bar",
    "rooms:load-profile": "Load profiles of therapists",
    "screening:read": "Read a client's standing",
    "screening:write": "Questionnaires and invitations",
    "screening:answers": "Answers, reasons and documents",
    "screening:limits": "Limits of one's own sessions",
    "screening:links": "Links of invitations, for who writes to clients",
    "screening:protocols": "Draft, review and activate screening protocols",
    "notification:read": "Read messages and preferences",
    "notification:write": "Change preferences and templates",
    "webhooks:manage": "Webhook endpoints and deliveries",
    "ops:read": "Outbox, lag, dead letters, audit",
    "ops:write": "Replay and discard dead letters",
    "identity:manage": "API clients",
}


def known(names: Iterable[str]) -> frozenset[str]:
    """The scopes named, each of which exists.

    Raises:
        UnknownScope: for the first name (in order) that is none.
    """
    scopes = list(names)
    for name in scopes:
        if name not in SCOPES:
            raise UnknownScope(name)
    return frozenset(scopes)
