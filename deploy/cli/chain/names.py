"""What another system calls things: codes, names, e-mail addresses and numbers, found among what the services have."""

import asyncio
import re
from collections import defaultdict
from dataclasses import replace

from deploy.cli.chain.faults import Fault
from deploy.cli.chain.foreign import Bookings
from deploy.cli.chain.present import Found
from deploy.cli.chain.reading import Raw
from deploy.cli.chain.services import Services

NOUNS = {"branch": "branches", "treatment": "treatments", "client": "clients", "therapist": "therapists"}
Known = dict[str, dict[str, Found]]


class Names:
    """Of one noun: every word that may mean one of its things."""

    def __init__(self, noun: str, items: list[Found]) -> None:
        self.noun, self._by_word = noun, defaultdict[str, dict[str, Found]](dict)
        for item in items:
            for word in (item["id"], item.get("code"), item["name"], item.get("email"), _digits(item.get("phone"))):
                if word:
                    self._by_word[_plain(word)][item["id"]] = item

    def one(self, word: str) -> Found | str:
        """The thing, or what is wrong with the word."""
        found = self._by_word.get(_plain(word)) or self._by_word.get(_digits(word) or "", {})
        exact = [item for item in found.values() if item.get("code") == word]
        if len(found) == 1 or exact:
            return (exact or list(found.values()))[0]
        if found:
            return f"{word!r} is {len(found)} of the {self.noun}: use the code"
        return f"{word!r} is none of the {self.noun} (by code, name{', e-mail' * (self.noun == 'clients')})"


async def resolve(bookings: Bookings, services: Services) -> tuple[list[Raw], Known]:
    """The rows with our codes, and what they name that has none of its own (its id stands in). Faults are added."""
    lists = await asyncio.gather(*(services.all("scheduling", f"/v1/{noun}") for noun in NOUNS.values()))
    names = {field: Names(noun, items) for (field, noun), items in zip(NOUNS.items(), lists, strict=True)}
    rooms: dict[str, Names] = {}
    known: Known = defaultdict(dict)
    rows = []
    for raw in bookings.raws:
        values, faults = dict(raw.values), list[Fault]()
        for field in NOUNS:
            if not values.get(field):
                if field != "therapist":
                    hint = ": give --branch, or map it" if field == "branch" else ""
                    faults.append(raw.place.fault(field, f"is missing{hint}"))
                continue
            found = names[field].one(values[field])
            if isinstance(found, str):
                faults.append(raw.place.fault(field, found))
                continue
            values[field] = found.get("code") or found["id"]
            known[NOUNS[field]][values[field]] = found
        if values.get("room") and not faults:
            branch_id = known["branches"][values["branch"]]["id"]
            if branch_id not in rooms:
                items = await services.all("room_equipment", "/v1/rooms", branch_id=branch_id)
                rooms[branch_id] = Names("rooms of its branch", items)
            room = rooms[branch_id].one(values["room"])
            if isinstance(room, str):
                faults.append(raw.place.fault("room", room))
            else:
                values["room"] = room["code"]
        bookings.faults += faults
        if not faults:
            rows.append(replace(raw, values={name: value for name, value in values.items() if value}))
    return rows, known


def _plain(word: str) -> str:
    return re.sub(r"\s+", " ", word).strip().casefold()


def _digits(number: str | None) -> str | None:
    found = re.sub(r"\D", "", number or "")
    return found if len(found) > 5 and re.fullmatch(r"[+0-9 ()/.-]+", number or "") else None
