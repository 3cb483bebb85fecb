"""Traces and metrics. Trace context (W3C) goes from HTTP through the outbox and Kafka to the last consumer.

Spans are sampled only where `OTEL_EXPORTER_OTLP_ENDPOINT` names a collector; without one the ids still travel.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, ParentBased
from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, TraceFlags
from prometheus_client import Counter, Gauge, Histogram

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)

HTTP_SECONDS = Histogram(
    "caibei_http_request_seconds", "Time to answer, by route.", ["method", "route", "status"], buckets=_BUCKETS
)
EVENTS_PUBLISHED = Counter("caibei_events_published_total", "Outbox rows acknowledged by Kafka.", ["type"])
EVENTS_HANDLED = Counter("caibei_events_handled_total", "Events applied by a consumer.", ["type", "result"])
EVENT_HOP_SECONDS = Histogram(
    "caibei_event_hop_seconds", "From the announcer's commit to handled here.", ["type"], buckets=_BUCKETS
)
OUTBOX_UNPUBLISHED = Gauge("caibei_outbox_unpublished", "Outbox rows not yet acknowledged by Kafka.")
OUTBOX_OLDEST_SECONDS = Gauge("caibei_outbox_oldest_seconds", "Age of the oldest unpublished outbox row.")
CONSUMER_LAG = Gauge("caibei_consumer_lag", "Records behind the end of the topic.", ["topic"])
DEAD_LETTERS = Gauge("caibei_dead_letters", "Unresolved dead letters and the events parked behind them.")
JOB_RUNS = Counter("caibei_job_runs_total", "Runs of a background job.", ["job", "result"])

tracer = trace.get_tracer("caibei")


def configure(service: str) -> None:
    """Install the tracer provider, before the first span. A second call in one process changes nothing."""
    if isinstance(trace.get_tracer_provider(), TracerProvider):
        return
    endpoint = os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT")
    provider = TracerProvider(
        resource=Resource.create({"service.name": service}), sampler=ParentBased(ALWAYS_ON if endpoint else ALWAYS_OFF)
    )
    if endpoint:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)


def traceparent() -> str | None:
    """The current span as a W3C `traceparent`, or None outside any."""
    span = trace.get_current_span().get_span_context()
    if not span.is_valid:
        return None
    return f"00-{span.trace_id:032x}-{span.span_id:016x}-{span.trace_flags:02x}"


def trace_id() -> str | None:
    span = trace.get_current_span().get_span_context()
    return f"{span.trace_id:032x}" if span.is_valid else None


def parse(header: str | None) -> SpanContext | None:
    """A `traceparent` header as a remote parent; None when it is absent or not well formed."""
    parts = (header or "").split("-")
    if len(parts) < 4 or len(parts[1]) != 32 or len(parts[2]) != 16:
        return None
    try:
        context = SpanContext(int(parts[1], 16), int(parts[2], 16), True, TraceFlags(int(parts[3][:2], 16)))
    except ValueError:
        return None
    return context if context.is_valid else None


@contextmanager
def span(name: str, parent: str | None = None, kind: SpanKind = SpanKind.INTERNAL) -> Iterator[trace.Span]:
    """Run a block in a span; `parent` is a `traceparent` that came over a wire."""
    remote = parse(parent)
    context = trace.set_span_in_context(NonRecordingSpan(remote)) if remote else otel_context.get_current()
    with tracer.start_as_current_span(name, context=context, kind=kind) as current:
        yield current
