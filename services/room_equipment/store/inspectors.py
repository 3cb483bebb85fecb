"""The chain's register of inspectors."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from shared.kit.database import Transaction

COLUMNS = "id, version, name, organisation, credential, valid_until, in_service"


async def get(tx: Transaction, id: UUID, *, lock: bool = False) -> Row[Any] | None:
    return await tx.first(
        f"SELECT {COLUMNS} FROM inspectors WHERE id = :id" + (" FOR UPDATE" if lock else ""), {"id": id}
    )


async def page(tx: Transaction, in_service: bool | None, after: UUID | None, limit: int) -> Sequence[Row[Any]]:
    return await tx.all(
        f"""SELECT {COLUMNS} FROM inspectors
            WHERE (CAST(:in_service AS boolean) IS NULL OR in_service = :in_service)
              AND (CAST(:after AS uuid) IS NULL OR id > :after)
            ORDER BY id LIMIT :limit""",
        {"in_service": in_service, "after": after, "limit": limit},
    )


async def taken(tx: Transaction, credential_key: str, but: UUID) -> bool:
    """Whether another inspector has this credential."""
    return bool(
        await tx.scalar(
            "SELECT EXISTS (SELECT 1 FROM inspectors WHERE credential_key = :key AND id <> :but)",
            {"key": credential_key, "but": but},
        )
    )


async def add(tx: Transaction, values: dict[str, Any]) -> bool:
    """False when an inspector has this credential."""
    done = await tx.run(
        """INSERT INTO inspectors (id, name, organisation, credential, credential_key, valid_until, in_service)
           VALUES (:id, :name, :organisation, :credential, :credential_key, :valid_until, :in_service)
           ON CONFLICT ON CONSTRAINT inspectors_have_a_credential_each DO NOTHING""",
        values,
    )
    return done == 1


async def change(tx: Transaction, values: dict[str, Any]) -> Row[Any]:
    return await tx.one(
        f"""UPDATE inspectors SET version = version + 1, name = :name, organisation = :organisation,
                credential = :credential, credential_key = :credential_key, valid_until = :valid_until,
                in_service = :in_service
            WHERE id = :id RETURNING {COLUMNS}""",
        values,
    )
