"""The hash chain of the safety record, worked out again from nothing but its entries.

The database writes it (migrations/versions/20261125_record_chain.py); here it is checked by other code than wrote it.
Chains are looked at one after the other, each from its first entry on, so that the first entry that does not hold is
named. What a chain says of rows is compared with the rows elsewhere (store.record).
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal
from uuid import UUID

BEGINNING = bytes(32)

Problem = Literal[
    "record_changed", "record_removed", "record_inserted", "entry_changed", "entry_missing", "entry_out_of_place",
    "entries_missing_at_the_end", "head_changed", "rewritten_since", "anchor_unknown",
]  # fmt: skip

DETAIL: dict[Problem, str] = {
    "record_changed": "The record is not what it was when this entry was written.",
    "record_removed": "The record is gone.",
    "record_inserted": "The record is in no entry: it was put in past the chain.",
    "entry_changed": "The entry's own content was changed.",
    "entry_missing": "This entry is gone; the ones behind it are there.",
    "entry_out_of_place": "The entry does not follow the one before: some were removed, inserted or reordered.",
    "entries_missing_at_the_end": "From this entry on the chain is gone; its head says that it was longer.",
    "head_changed": "The chain's head is not the hash of its last entry.",
    "rewritten_since": "This entry had another hash when the head was kept: the chain was rewritten.",
    "anchor_unknown": "No chain has an entry of this hash: what it was printed from was removed or rewritten.",
}


@dataclass(frozen=True, slots=True)
class Entry:
    chain_id: UUID
    sequence: int
    branch_id: UUID
    record: str
    subject_id: UUID
    change: str
    recorded_at: datetime
    by_role: str
    content: str
    previous: bytes
    hash: bytes


@dataclass(frozen=True, slots=True)
class Head:
    """Where a chain ends, or ended when someone kept it."""

    sequence: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class Fault:
    """`sequence` is None where there is no entry to name; `change` is what the entry says happened."""

    problem: Problem
    chain_id: UUID | None
    sequence: int | None = None
    record: str = ""
    subject_id: UUID | None = None
    change: str = ""

    @property
    def detail(self) -> str:
        return DETAIL[self.problem]


def digest(entry: Entry) -> bytes:
    """The hash that this entry must have."""
    at = entry.recorded_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    parts = (
        entry.previous.hex(), entry.chain_id, entry.sequence, entry.branch_id, entry.record, entry.subject_id,
        entry.change, at, entry.by_role, entry.content,
    )  # fmt: skip
    return hashlib.sha256("\n".join(map(str, parts)).encode()).digest()


@dataclass(slots=True)
class Verification:
    """Takes every entry in the order (chain, sequence), then the heads; keeps the first fault of each chain.

    `kept`: heads from an earlier run, kept elsewhere. `anchors`: hashes printed on certificates.
    """

    kept: Mapping[UUID, Head] = field(default_factory=dict)
    anchors: frozenset[bytes] = frozenset()
    entries: int = 0
    faults: dict[UUID, Fault] = field(default_factory=dict)
    ends: dict[UUID, Head] = field(default_factory=dict)
    _anchored: set[bytes] = field(default_factory=set)

    def take(self, entry: Entry) -> None:
        end = self.ends.get(entry.chain_id, Head(0, BEGINNING))
        self.entries += 1
        self.ends[entry.chain_id] = Head(entry.sequence, entry.hash)
        if entry.hash in self.anchors and entry.chain_id not in self.faults:
            self._anchored.add(entry.hash)
        kept = self.kept.get(entry.chain_id)
        if entry.sequence != end.sequence + 1:
            self._find(Fault("entry_missing", entry.chain_id, end.sequence + 1))
        elif entry.previous != end.hash:
            self._find(of(entry, "entry_out_of_place"))
        elif digest(entry) != entry.hash:
            self._find(of(entry, "entry_changed"))
        elif kept is not None and kept.sequence == entry.sequence and kept.hash != entry.hash:
            self._find(of(entry, "rewritten_since"))

    def close(self, heads: Mapping[UUID, Head]) -> None:
        """After the last entry: `heads` as the database has them."""
        for chain_id in heads.keys() | self.ends.keys():
            end, head = self.ends.get(chain_id, Head(0, BEGINNING)), heads.get(chain_id)
            if head is not None and head.sequence > end.sequence:
                self._find(Fault("entries_missing_at_the_end", chain_id, end.sequence + 1))
            elif head != end:
                self._find(Fault("head_changed", chain_id, end.sequence))
        for chain_id, kept in self.kept.items():
            if self.ends.get(chain_id, Head(0, BEGINNING)).sequence < kept.sequence:
                missing = self.ends.get(chain_id, Head(0, BEGINNING)).sequence + 1
                self._find(Fault("entries_missing_at_the_end", chain_id, missing))

    def compare(self, parted: Iterable[Fault]) -> list[Fault]:
        """All faults: of each chain the first of its own and the first where a row parts from it; then the rest."""
        rows: dict[UUID, Fault] = {}
        outside = [Fault("anchor_unknown", None) for anchor in self.anchors if anchor not in self._anchored]
        for fault in parted:
            if fault.chain_id is None:
                outside.append(fault)
            else:
                _keep_first(rows, fault)
        in_chains = [*self.faults.values(), *rows.values()]
        return [*sorted(in_chains, key=lambda fault: (str(fault.chain_id), fault.sequence or 0)), *outside]

    def _find(self, fault: Fault) -> None:
        _keep_first(self.faults, fault)


def _keep_first(faults: dict[UUID, Fault], fault: Fault) -> None:
    assert fault.chain_id is not None
    known = faults.get(fault.chain_id)
    if known is None or (fault.sequence or 0) < (known.sequence or 0):
        faults[fault.chain_id] = fault


def of(entry: Entry, problem: Problem) -> Fault:
    return Fault(problem, entry.chain_id, entry.sequence, entry.record, entry.subject_id, entry.change)
