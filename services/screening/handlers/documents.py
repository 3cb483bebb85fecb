"""A letter's scan: judged by its bytes, sealed with the client's key, and handed back as it came."""

import base64
import binascii
import hashlib
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from services.screening.domain.documents import Kind, judge
from services.screening.domain.errors import Erased
from services.screening.handlers.reading import audit_reading, visible
from services.screening.store import clients, documents
from services.screening.vault import Vault
from shared.errors import Invalid, TooLarge
from shared.kit.auth import Principal
from shared.kit.database import Transaction

_KIND = "document"


@dataclass(frozen=True)
class Scan:
    """A document's bytes, and what they are."""

    kind: Kind
    data: bytes

    def described(self, filename: str) -> dict[str, Any]:
        """What the letter says of it."""
        digest = hashlib.sha256(self.data).hexdigest()
        return {"filename": filename, "content_type": self.kind.value, "bytes": len(self.data), "sha256": digest}


def checked(content_type: str, data: str, most: int) -> Scan:
    """
    Raises:
        Invalid: it is not base64, or not what it is said to be.
        TooLarge: over `most` bytes.
    """
    try:
        raw = base64.b64decode(data, validate=True)
    except binascii.Error:
        raise Invalid("document_invalid", "The document is not base64.", pointer="/document/data") from None
    if len(raw) > most:
        raise TooLarge("document_too_large", f"A document may have at most {most} bytes. Scan it in less detail.")
    return Scan(judge(raw, content_type), raw)


async def keep(tx: Transaction, vault: Vault, client_id: UUID, clearance_id: UUID, scan: Scan) -> None:
    """Seal it, in the transaction that takes the letter; the client is locked."""
    kept = await clients.existing_vault(tx, vault, client_id)
    if kept is None:
        raise Erased
    await documents.insert(tx, clearance_id, client_id, kept.seal_bytes(_KIND, clearance_id, scan.data))


async def read(tx: Transaction, vault: Vault, who: Principal, id: UUID, clearance_id: UUID, why: str) -> Scan | None:
    """The scan of a letter of this screening, or None if there is none. Audited.

    Raises:
        ScreeningNotFound.
    """
    row = await visible(tx, who, id)
    kept = await clients.existing_vault(tx, vault, row.client_id)
    found = await documents.read(tx, id, clearance_id) if kept else None
    if kept is None or found is None:
        return None
    await audit_reading(tx, who, "read_document", row, why)
    described = kept.open("clearance", clearance_id, found.vault)["document"]
    return Scan(Kind(described["content_type"]), kept.open_bytes(_KIND, clearance_id, found.sealed))
