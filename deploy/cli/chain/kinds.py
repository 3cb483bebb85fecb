"""All kinds of rows by the name of their noun, and which may be written inside which."""

from deploy.cli.chain.nouns import (
    Appointment,
    Bar,
    Branch,
    Clearance,
    Client,
    Equipment,
    EquipmentInspection,
    Inspection,
    Inspector,
    LoadProfile,
    Room,
    Row,
    Screening,
    Shift,
    Therapist,
    Treatment,
)

NOUNS: dict[str, type[Row]] = {
    kind.noun: kind
    for kind in (
        Branch, Treatment, Therapist, Shift, LoadProfile, Room, Bar, Equipment, Inspector, Inspection,
        EquipmentInspection, Client, Screening, Clearance, Appointment,
    )
}  # fmt: skip

# YAML may nest what belongs to a row: (parent, key) → the noun, and the fields it takes from its parent.
NESTED: dict[tuple[str, str], tuple[str, dict[str, str]]] = {
    ("therapists", "shifts"): ("shifts", {"therapist": "code"}),
    ("therapists", "load_profile"): ("load_profiles", {"therapist": "code"}),
    ("rooms", "bars"): ("bars", {"branch": "branch", "room": "code"}),
    ("bars", "inspections"): ("inspections", {"bar": "serial"}),
    ("rooms", "equipment"): ("equipment", {"branch": "branch", "room": "code"}),
    ("bars", "equipment"): ("equipment", {"branch": "branch", "room": "room", "bar": "serial"}),
    ("equipment", "inspections"): ("equipment_inspections", {"equipment": "serial"}),
}
