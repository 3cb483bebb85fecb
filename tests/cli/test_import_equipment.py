"""Tables, stools and straps in an import: what is wrong is named before anything is loaded."""

from pathlib import Path

import pytest

from deploy.cli.chain.chain import build
from deploy.cli.chain.nouns import Equipment, EquipmentInspection
from deploy.cli.chain.reading import read
from tests.cli.test_import_checks import found

STRAP = "branch: BER, room: 1, kind: strap, name: Pair, serial: ST-1, bar: B1, rated_load_kg: 150"
LOOKED_AT = "equipment: ST-1, inspector: I2, result: pass"


def test_equipment_may_be_nested_in_its_room_or_its_bar(tmp_path: Path) -> None:
    (tmp_path / "rooms.yaml").write_text(
        """
        rooms:
          - branch: BER
            code: 1
            name: Spree
            equipment: [{kind: stool, name: Stool, serial: SL-1}]
            bars:
              - serial: B1
                rated_load_kg: 200
                installed_on: -1y
                installed_by: x
                mounting: ceiling
                equipment:
                  - kind: strap
                    name: Pair
                    serial: ST-1
                    inspections: [{performed_at: "-1m 09:00", inspector: I2, result: pass}]
        """
    )
    chain, shape = build(read(tmp_path))
    assert shape == []
    rows = {line.row.serial: line.row for line in chain.of(Equipment)}
    assert (rows["SL-1"].room, rows["SL-1"].bar) == ("1", None)
    assert (rows["ST-1"].branch, rows["ST-1"].room, rows["ST-1"].bar) == ("BER", "1", "B1")
    assert [line.row.equipment for line in chain.of(EquipmentInspection)] == ["ST-1"]


def test_a_sound_history_has_no_fault(tmp_path: Path) -> None:
    rows = "".join(f'  - {{{LOOKED_AT}, performed_at: "-{months}m 09:00"}}\n' for months in (7, 1))
    assert found(tmp_path, f"equipment: [{{{STRAP}}}]\nequipment_inspections:\n{rows}") == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("equipment: [{branch: BER, room: 2, kind: stool, name: x, serial: s}]", "branch 'BER' has no room '2'"),
        (f"equipment: [{{{STRAP.replace('B1', 'B9')}}}]", "bar: 'B9' is none of the bars"),
        (f"equipment: [{{{STRAP}}}, {{{STRAP}}}]", "'ST-1' is there already"),
        ("equipment_inspections: [{equipment: ST-9, performed_at: now, inspector: I2, result: pass}]",
         "equipment: 'ST-9' is none of the equipment"),
        (f'equipment: [{{{STRAP}}}]\nequipment_inspections: [{{{LOOKED_AT}, performed_at: "+1d 09:00"}}]',
         "performed_at: an inspection cannot be in the future"),
        (f'equipment: [{{{STRAP}}}]\nequipment_inspections:\n  - {{{LOOKED_AT}, performed_at: "-1m 09:00"}}\n'
         f'  - {{{LOOKED_AT}, performed_at: "-2m 09:00"}}', "performed_at: a later inspection is on record"),
        (f'equipment: [{{{STRAP}}}]\nequipment_inspections: [{{{LOOKED_AT}, performed_at: "-1m 09:00",'
         " failed: [buckles]}]", "result: an item of the checklist failed"),
        (f"equipment: [{{{STRAP.replace(', rated_load_kg: 150', '')}}}]\nequipment_inspections:"
         f' [{{{LOOKED_AT}, performed_at: "-1m 09:00"}}]', "rated_load_kg: is needed before an inspection can pass"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_equipment_is_named(tmp_path: Path, text: str, fault: str) -> None:
    lines = found(tmp_path, text)
    assert any(fault in line and line.startswith("more.yaml:") for line in lines), lines
