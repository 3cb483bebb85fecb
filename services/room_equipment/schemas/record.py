"""The hash chain of the safety record."""

from datetime import datetime
from uuid import UUID

from shared.kit.body import Answer


class EntryAnswer(Answer):
    """`record` and `subject_id`: which row it is about; `change`: what happened to it. Hashes are SHA-256 in hex."""

    sequence: int
    record: str
    subject_id: UUID
    change: str
    recorded_at: datetime
    previous_hash: str
    hash: str
