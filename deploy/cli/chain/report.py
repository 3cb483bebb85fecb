"""What an import did, row by row summed up, for people and as JSON."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from deploy.cli.chain.faults import Fault


@dataclass
class Report:
    """`created` and `present` count rows by noun; `failed` names the rows that a service refused.

    `differing` names fields that say something else than what is there, which stays. `passed` counts sessions of a file
    imported before whose time has come meanwhile; they are not booked any more.
    """

    created: Counter[str] = field(default_factory=Counter)
    present: Counter[str] = field(default_factory=Counter)
    passed: Counter[str] = field(default_factory=Counter)
    failed: list[Fault] = field(default_factory=list)
    differing: list[Fault] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def complete(self) -> bool:
        return not self.failed

    def as_json(self) -> dict[str, Any]:
        return {
            "complete": self.complete,
            "created": dict(self.created),
            "present": dict(self.present),
            "passed": dict(self.passed),
            "failed": [fault.as_json() for fault in self.failed],
            "differing": [fault.as_json() for fault in self.differing],
            "seconds": round(self.seconds, 2),
        }
