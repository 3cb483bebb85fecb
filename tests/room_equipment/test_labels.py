"""Labels carry the bar's page in a code; the page's facts open to that signature alone."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from pydantic import SecretStr, ValidationError

from services.room_equipment.domain.labels import address, signature
from services.room_equipment.settings import Settings
from shared.kit.ids import new_id
from tests.room_equipment.conftest import LABEL_KEY, LABEL_KEY_BEFORE
from tests.room_equipment.spa import Spa
from tests.shared.kit.printed import read, shows_code, words

NO_BAR = (404, "bar_not_found", "There is no such bar.")


async def placard(spa: Spa, bar: UUID, key: str = LABEL_KEY) -> dict[str, Any]:
    answer = await spa.http.get(f"/v1/bars/{bar}/placard", params={"signature": signature(key, bar)})
    found: dict[str, Any] = answer.raise_for_status().json()
    return found


async def test_a_label_says_serial_load_and_room_and_its_code_opens_the_bars_page(spa: Spa) -> None:
    room = await spa.room("R7", name="Lotus")
    bar = await spa.bar(room, 187.5, serial="BB-0417")
    answer = await spa.http.get(f"/v1/bars/{bar}/label.pdf")
    said = words(answer.content)
    assert all(part in said for part in ("BB-0417", "max. 187.5 kg", "Room R7 (Lotus)"))
    assert shows_code(answer.content, address("https://console.test", LABEL_KEY, bar))
    assert (await spa.http.get(f"/v1/bars/{bar}/label.pdf")).content == answer.content


async def test_a_sheet_has_every_mounted_bar_of_the_branch_by_room(spa: Spa) -> None:
    bars = {code: await spa.bar(await spa.room(code), serial=f"S-{code}") for code in ("B", "A", "C")}
    tag = (await spa.http.get(f"/v1/bars/{bars['C']}")).headers["etag"]
    removed = {"removed_on": datetime.now(UTC).date().isoformat()}
    await spa.http.patch(f"/v1/bars/{bars['C']}", json=removed, headers={"If-Match": tag})
    answer = await spa.http.get(f"/v1/branches/{spa.branch_id}/labels.pdf")
    said = words(answer.content)
    assert said.index("S-A") < said.index("S-B")
    assert "S-C" not in said
    assert len(read(answer.content).pages) == 1
    for code in ("A", "B"):
        assert shows_code(answer.content, address("https://console.test", LABEL_KEY, bars[code]))
    one_by_one = {"columns": 1, "rows": 1, "width_mm": 100, "height_mm": 60}
    answer = await spa.http.get(f"/v1/branches/{spa.branch_id}/labels.pdf", params=one_by_one)
    assert len(read(answer.content).pages) == 2


async def test_labels_that_do_not_fit_on_the_sheet_are_refused_and_so_is_a_branch_without_bars(spa: Spa) -> None:
    url = f"/v1/branches/{spa.branch_id}/labels.pdf"
    wide = await spa.http.get(url, params={"columns": 4})
    assert (wide.status_code, wide.json()["code"]) == (422, "labels_do_not_fit")
    assert (await spa.http.get(url, params={"width_mm": 4})).status_code == 422
    none = await spa.http.get(url)
    assert (none.status_code, none.json()["code"]) == (409, "no_bars")


async def test_the_placard_says_what_holds_now_why_and_since_when(spa: Spa) -> None:
    room, bar = await spa.cleared_room(250)
    said = await placard(spa, bar)
    assert (said["state"], said["reason"], said["rated_load_kg"], said["room_cleared"]) == (
        "certified",
        None,
        250,
        True,
    )
    assert said["certified_until"] == said["next_due"]
    second = await spa.bar(room)
    said = await placard(spa, bar)
    assert (said["state"], said["room_cleared"], said["room_reason"]) == ("certified", False, "never_inspected")
    new = await placard(spa, second)
    assert (new["state"], new["reason"], new["certified_until"]) == ("not_certified", "never_inspected", None)
    opened = (await spa.http.post(f"/v1/bars/{bar}/lockouts", json={"reason": "crack seen"})).json()["lockout"]
    said = await placard(spa, bar)
    assert (said["state"], said["since"]) == ("locked_out", opened["opened_at"])
    assert "crack seen" not in str(said)


async def test_a_label_signed_with_the_key_before_still_opens_and_any_other_is_as_good_as_no_bar(spa: Spa) -> None:
    _, bar = await spa.cleared_room()
    _, other = await spa.cleared_room()
    assert (await placard(spa, bar, LABEL_KEY_BEFORE))["state"] == "certified"
    for said in ("", "x", "ä" * 22, signature("z" * 32, bar), signature("", bar), signature(LABEL_KEY, other)):
        answer = await spa.http.get(f"/v1/bars/{bar}/placard", params={"signature": said})
        assert (answer.status_code, answer.json()["code"], answer.json()["detail"]) == NO_BAR
    nowhere = await spa.http.get(f"/v1/bars/{new_id()}/placard", params={"signature": signature(LABEL_KEY, bar)})
    assert (nowhere.status_code, nowhere.json()["code"], nowhere.json()["detail"]) == NO_BAR
    assert (await spa.http.get(f"/v1/bars/{bar}/placard")).status_code == 422


async def test_without_a_key_there_are_no_labels_and_certificates_have_no_code(
    spa: Spa, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, bar = await spa.cleared_room()
    keyless = spa.app.state.settings.model_copy(
        update={"label_key": SecretStr(""), "label_key_before": SecretStr(""), "letterhead": "Spa & Co | Main Street 1"}
    )
    monkeypatch.setattr(spa.app.state, "settings", keyless)
    answer = await spa.http.get(f"/v1/bars/{bar}/label.pdf")
    assert (answer.status_code, answer.json()["code"]) == (409, "labels_need_a_key")
    said = words((await spa.http.get(f"/v1/bars/{bar}/certificate.pdf")).content)
    assert "Spa & Co Main Street 1" in said
    assert "Opens this bar" not in said
    for forged in ("", signature("", bar)):
        assert (await spa.http.get(f"/v1/bars/{bar}/placard", params={"signature": forged})).status_code == 404


def test_a_short_key_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAIBEI_ROOM_EQUIPMENT_LABEL_KEY", "short")
    with pytest.raises(ValidationError, match="32 characters"):
        Settings()
