"""The outbox: a fact is a row of the caller's own transaction; the relay brings it to Kafka (relay.py).

Column names are those of Debezium's outbox event router, so that Debezium can take over the relay at scale.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple
from uuid import UUID

from shared.events.base import Event
from shared.kit import telemetry
from shared.kit.ids import new_id


class Row(NamedTuple):
    id: UUID
    aggregatetype: str
    aggregateid: str
    type: str
    payload: str
    traceparent: str | None


INSERT = """
INSERT INTO outbox (id, aggregatetype, aggregateid, type, payload, traceparent)
SELECT * FROM unnest(CAST(:id AS uuid[]), CAST(:aggregatetype AS text[]), CAST(:aggregateid AS text[]),
                     CAST(:type AS text[]), CAST(:payload AS text[]), CAST(:traceparent AS text[]))
"""

# The same as part of a statement that does more: a round trip less on a hot path. See `Transaction.take_announced`.
INSERT_WITH = """
INSERT INTO outbox (id, aggregatetype, aggregateid, type, payload, traceparent)
SELECT said.* FROM unnest(CAST(:outbox_id AS uuid[]), CAST(:outbox_aggregatetype AS text[]),
                          CAST(:outbox_aggregateid AS text[]), CAST(:outbox_type AS text[]),
                          CAST(:outbox_payload AS text[]), CAST(:outbox_traceparent AS text[])) AS said
"""


def row(event: Event, traces: Mapping[str, str]) -> Row:
    """The outbox row of a fact, with the trace it belongs to: its key's, else the current span's."""
    key = str(event.key)
    trace = traces.get(key) or telemetry.traceparent()
    return Row(new_id(), event.topic(), key, event.type, event.model_dump_json(), trace)


def columns(rows: list[Row]) -> dict[str, list[Any]]:
    """Rows turned into one array a column."""
    return {name: [getattr(row, name) for row in rows] for name in Row._fields}
