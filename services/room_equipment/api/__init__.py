"""HTTP in, by noun."""

from fastapi import APIRouter

from services.room_equipment.api.assets import assets
from services.room_equipment.api.assignments import assignments
from services.room_equipment.api.bar_sets import bar_sets
from services.room_equipment.api.bars import bars
from services.room_equipment.api.certificates import certificates
from services.room_equipment.api.checklists import checklists
from services.room_equipment.api.closures import closures
from services.room_equipment.api.due import due
from services.room_equipment.api.equipment import equipment
from services.room_equipment.api.evidence import evidence
from services.room_equipment.api.findings import findings
from services.room_equipment.api.houserules import house_rules
from services.room_equipment.api.inspections import inspections
from services.room_equipment.api.inspectors import inspectors
from services.room_equipment.api.load_profiles import load_profiles
from services.room_equipment.api.record import record
from services.room_equipment.api.registers import registers
from services.room_equipment.api.rooms import rooms
from services.room_equipment.api.work_orders import work_orders

ROUTERS: list[APIRouter] = [
    rooms, closures, assets, equipment, bars, bar_sets, inspections, due, findings, work_orders, assignments,
    load_profiles, certificates, evidence, registers, house_rules, checklists, inspectors, record,
]  # fmt: skip
