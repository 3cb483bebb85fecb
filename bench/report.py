"""Results: medians with their spread, the machine they were measured on, a table and a JSON file."""

import json
import os
import platform
import statistics
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

TARGETS: dict[str, tuple[str, float]] = {
    "cold_ready_s": ("≤", 60),
    "warm_ready_s": ("≤", 8),
    "pss_total_mb": ("≤", 1200),
    "idle_cpu_pct": ("≤", 5),
    "booking_c1_p50_ms": ("≤", 30),
    "booking_c1_p99_ms": ("≤", 120),
    "booking_c16_per_s": ("≥", 220),
    "event_hop_p50_ms": ("≤", 12),
    "event_throughput_per_s": ("≥", 3000),
    "bar_failure_200_s": ("≤", 2),
    "screening_decision_p50_ms": ("≤", 10),
    "rescreen_100k_s": ("≤", 60),
    "availability_14d_1branch_p50_ms": ("≤", 8),
    "availability_14d_10branch_p50_ms": ("≤", 40),
    "availability_per_s": ("≥", 250),
    "availability_growth_1m_ratio": ("≤", 1.2),
    "displacement_500_s": ("≤", 1),
}


@dataclass
class Results:
    """What was measured. `note` says what is inside a figure."""

    values: dict[str, dict[str, Any]] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)

    def add(self, id: str, runs: list[float], unit: str, note: str = "") -> None:
        """The median of the runs counts."""
        self.values[id] = {
            "value": round(statistics.median(runs), 3),
            "unit": unit,
            "runs": len(runs),
            "min": round(min(runs), 3),
            "max": round(max(runs), 3),
        }
        self.notes[id] = note
        found = self.values[id]
        Console().print(
            f"  {id}: [bold]{found['value']}[/] {unit}  ({found['min']} to {found['max']}, {len(runs)} runs)"
        )

    def write(self, path: Path) -> None:
        document = {"machine": machine(), "results": self.values, "notes": self.notes}
        path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n")

    def print(self) -> None:
        table = Table(title=", ".join(f"{key}: {value}" for key, value in machine().items()))
        for column in ("figure", "median", "min", "max", "runs", "target", "what is inside"):
            table.add_column(column, justify="right" if column in ("median", "min", "max", "runs") else "left")
        for id, found in self.values.items():
            table.add_row(
                id, f"{found['value']} {found['unit']}", str(found["min"]), str(found["max"]), str(found["runs"]),
                verdict(id, found["value"]), self.notes[id],
            )  # fmt: skip
        Console(width=170).print(table)


def verdict(id: str, value: float) -> str:
    """The target and whether it is met; nothing for a baseline."""
    if id not in TARGETS:
        return ""
    sign, target = TARGETS[id]
    met = value <= target if sign == "≤" else value >= target
    return f"{sign} {target:g} {'met' if met else 'MISSED'}"


def machine() -> dict[str, Any]:
    """Enough to judge the figures by."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    model = next(
        (line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line),
        platform.machine(),
    )
    return {
        "cores": os.cpu_count(),
        "cpu": model,
        "memory_gib": round(memory, 1),
        "system": platform.system() + " " + platform.release(),
        "python": platform.python_version(),
    }
