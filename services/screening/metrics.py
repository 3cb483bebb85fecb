"""What screening counts, and of nobody: no label is an id, a protocol's condition or an answer."""

from prometheus_client import Counter, Gauge

KEYS_TO_REWRAP = Gauge("caibei_screening_keys_to_rewrap", "Clients' keys that are under an older master key.")
RETENTION_DUE = Gauge("caibei_screening_retention_due", "Clients whose answers are past their retention.")
RETENTION_DESTROYED = Counter(
    "caibei_screening_retention_destroyed_total", "Clients whose answers retention destroyed."
)
ERASURES_REAPPLIED = Counter("caibei_screening_erasures_reapplied_total", "Erasures a restored database had forgotten.")
