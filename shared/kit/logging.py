"""Structured logs: one JSON object a line, with service, request id and trace id. Ids only, never personal data."""

import logging
import sys
from typing import Any

import orjson
import structlog
from opentelemetry import trace


def _trace_ids(_: Any, __: str, record: dict[str, Any]) -> dict[str, Any]:
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        record["trace_id"] = format(context.trace_id, "032x")
        record["span_id"] = format(context.span_id, "016x")
    return record


def _dumps(value: Any, **_: Any) -> str:
    return orjson.dumps(value, default=str).decode()


def configure(service: str, *, format: str = "json", level: str = "INFO") -> None:
    """Send structlog and the standard library's loggers through one pipeline to stdout."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _trace_ids,
    ]
    if format == "json":
        render: list[Any] = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(serializer=_dumps)]
    else:
        # Plain tracebacks: the pretty ones print local variables, and those hold what people answered.
        plain = structlog.dev.plain_traceback
        render = [structlog.dev.ConsoleRenderer(colors=sys.stdout.isatty(), exception_formatter=plain)]
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    # A line that cannot be written must not be told to stderr instead, with the values that were in it.
    logging.raiseExceptions = False
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *render],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # Their own lines at INFO say nothing an operator needs; at WARNING they do.
    # `mail.log` is aiosmtpd's: at INFO it names recipients, and an address belongs in no log.
    for name in ("aiokafka", "alembic", "httpx", "uvicorn", "asyncio", "mail.log"):
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLevelName(level)))
    # Kafka's client warns at every reconnect attempt; the kit says once that the broker is away.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    structlog.contextvars.bind_contextvars(service=service)


def get(name: str) -> Any:
    """A bound logger for a module."""
    return structlog.stdlib.get_logger(name)


def without_values(error: BaseException) -> tuple[type[BaseException], BaseException, Any]:
    """For `exc_info`: the traceback, but not the message. A driver's message may quote what a person typed, and the
    parameters of a statement an address."""
    return type(error), RuntimeError(type(error).__name__), error.__traceback__
