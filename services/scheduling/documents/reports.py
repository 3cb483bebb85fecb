"""Reports as sheets: their columns, and what stands in them. Money is in whole units, with its currency beside it."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from shared.kit.sheets import Cell, Column

# ISO 4217: those without a hundredth part.
_WHOLE = frozenset(
    [
        "BIF",
        "CLP",
        "DJF",
        "GNF",
        "ISK",
        "JPY",
        "KMF",
        "KRW",
        "PYG",
        "RWF",
        "UGX",
        "UYI",
        "VND",
        "VUV",
        "XAF",
        "XOF",
        "XPF",
    ]
)
_THOUSANDTHS = frozenset(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"])
NOUNS = {"branch": ("branch_code", "branch_name"), "treatment": ("treatment_code", "treatment_name"),
         "therapist": ("therapist_code", "therapist_name")}  # fmt: skip
_REASONS = ("client", "branch", "displaced", "screening", "erased")


@dataclass(frozen=True, slots=True)
class Figure:
    """A column: `of` names the row's value. `means` stands on the workbook's second sheet."""

    of: str
    title: str
    means: str
    money: bool = False


FIGURES: dict[str, tuple[Figure, ...]] = {
    "utilisation": (
        Figure("sessions", "Sessions", "Sessions that start on these days."),
        Figure("available_minutes", "Available minutes",
               "On shift while the branch is open, less time off and closures, as they stand now."),
        Figure("booked_minutes", "Booked minutes", "With at least one session, available or not."),
        Figure("booked_outside_minutes", "Booked outside", "Booked minutes that were not available: overtime."),
        Figure("utilisation", "Utilisation", "Booked and available minutes / available minutes."),
    ),
    "cancellations": (
        Figure("booked", "Booked", "Sessions confirmed at some time, whatever became of them."),
        Figure("cancelled", "Cancelled", "Of these, cancelled, for whatever reason."),
        *(Figure(f"reason:{reason}", f"By {reason}", f"Cancelled with the reason {reason}.") for reason in _REASONS),
        Figure("reason:", "By others", "Cancelled with any other reason."),
        Figure("late", "Late", "Cancelled by the client after the policy's time."),
        Figure("no_shows", "No-shows", "The client did not come."),
        Figure("attended", "Attended", "Checked in, running or completed."),
        Figure("withdrawn", "Withdrawn", "Cancelled before they were ever confirmed: not in Booked."),
        Figure("cancellation_rate", "Cancellation rate", "Cancelled / booked."),
        Figure("no_show_rate", "No-show rate", "No-shows / (no-shows + attended)."),
    ),
    "displaced": (
        Figure("booked", "Booked", "Sessions confirmed at some time, whatever became of them."),
        Figure("displaced", "Displaced", "Lost their room, or their time to a closure, at least once."),
        Figure("moved", "Moved", "Kept their time in another room, without a person."),
        Figure("put_to_a_person", "Put to a person", "Displaced, and not only moved."),
        Figure("open", "Open", "Put to a person, and nobody has chosen yet."),
        Figure("kept", "Kept", "Put to a person, and a place was found."),
        Figure("cancelled", "Cancelled", "Put to a person, and cancelled."),
        Figure("displaced_rate", "Displaced rate", "Displaced / booked."),
    ),
    "revenue": (
        Figure("currency", "Currency", "Each currency has a row of its own; empty: sessions without a price."),
        Figure("completed", "Completed", "Sessions that took place."),
        Figure("earned", "Earned", "Their prices, as they were when each was booked.", money=True),
        Figure("expected_sessions", "Expected sessions", "Those that are still to come or run."),
        Figure("expected", "Expected", "Their prices.", money=True),
        Figure("no_shows", "No-shows", "The client did not come."),
        Figure("no_show_value", "Value of no-shows", "What they would have cost: not earned.", money=True),
        Figure("late_fees", "Late fees", "Of late cancellations. Marked, not charged.", money=True),
    ),
}  # fmt: skip


def amount(smallest: int, currency: str | None) -> Decimal:
    """In whole units of the currency."""
    if currency is None or currency in _WHOLE:
        return Decimal(smallest)
    return Decimal(smallest).scaleb(-3 if currency in _THOUSANDTHS else -2)


def columns(name: str, by: Sequence[str], fees: Sequence[str]) -> list[Column]:
    """`fees`: the currencies late fees are in (cancellations only): each a column, because they are not added."""
    keys = [Column("From day", 12)]
    for noun, (code, title) in NOUNS.items():
        if noun in by:
            keys += [Column(_words(code), 14), Column(_words(title), 26)]
    figures = [Column(figure.title, 14) for figure in FIGURES[name]]
    return [*keys, *figures, *(Column(f"Late fees {currency}", 14) for currency in fees)]


def fees_of(rows: Sequence[dict[str, Any]]) -> list[str]:
    """The currencies of late fees that are listed by currency."""
    listed = [row["late_fees"] for row in rows if isinstance(row.get("late_fees"), list)]
    return sorted({fee["currency"] for fees in listed for fee in fees})


def line(name: str, by: Sequence[str], fees: Sequence[str], row: dict[str, Any]) -> list[Cell]:
    keys: list[Cell] = [row["first_day"]]
    for noun, names in NOUNS.items():
        if noun in by:
            keys += [row[each] for each in names]
    cells = [_cell(figure, row) for figure in FIGURES[name]]
    marked = {fee["currency"]: fee["amount"] for fee in row["late_fees"]} if fees else {}
    return [*keys, *cells, *(amount(marked.get(currency, 0), currency) for currency in fees)]


def _cell(figure: Figure, row: dict[str, Any]) -> Cell:
    if figure.of.startswith("reason:"):
        found: dict[str, int] = row["cancelled_by_reason"]
        reason = figure.of.removeprefix("reason:")
        return found.get(reason, 0) if reason else sum(n for each, n in found.items() if each not in _REASONS)
    if figure.money:
        return amount(row[figure.of], row["currency"])
    value: Cell = row[figure.of]
    return value


def _words(name: str) -> str:
    return name.replace("_", " ").capitalize()
