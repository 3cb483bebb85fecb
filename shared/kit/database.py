"""One engine a process, one transaction a request or message.

All SQL goes through `Transaction`. What it announces becomes outbox rows in the same commit.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import asyncpg
import orjson
from sqlalchemy import Executable, Row, TextClause, event, text
from sqlalchemy.exc import DBAPIError, DisconnectionError, IntegrityError, InterfaceError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from shared.errors import Unavailable
from shared.kit import outbox

if TYPE_CHECKING:
    from shared.events.base import Event

Params = Mapping[str, Any] | None
RETRYABLE = frozenset({"40001", "40P01"})  # serialization failure, deadlock: the same work may pass at once
# Connection trouble, operator intervention, out of resources; and what waited too long: a lock, a statement, a
# transaction. None says anything about the work itself, so none may send a message to the dead letters.
_AWAY = ("08", "57P", "57014", "53", "55P03", "25P03", "25P04")


@lru_cache(maxsize=2048)
def sql(statement: str) -> TextClause:
    """Text of a statement, parsed once."""
    return text(statement)


def sqlstate(error: BaseException) -> str | None:
    """PostgreSQL's five-character code of a driver error, however it was wrapped."""
    if isinstance(error, DBAPIError):
        return getattr(error.orig, "sqlstate", None)
    return getattr(error, "sqlstate", None)


def constraint(error: IntegrityError) -> str | None:
    """The name of the constraint that refused."""
    cause = getattr(error.orig, "__cause__", None)
    return getattr(cause, "constraint_name", None)


def is_away(error: BaseException) -> bool:
    """Whether the database was out of reach, so that the same work may pass later."""
    if isinstance(
        error, (InterfaceError, DisconnectionError, PoolTimeout, OSError, TimeoutError, asyncpg.InterfaceError)
    ):
        return True
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    state = sqlstate(error) or ""
    return state.startswith(_AWAY) or isinstance(error, asyncpg.InternalClientError)


class Transaction:
    """A database transaction; ends with its block. Never commit it in a handler.

    Attributes:
        traces: `traceparent` by key, for facts whose trace is not that of the current span.
    """

    def __init__(self, connection: AsyncConnection) -> None:
        self.connection = connection
        self.traces: dict[str, str] = {}
        self._announced: list[outbox.Row] = []
        self._after: list[Callable[[], None]] = []

    async def all(self, statement: str | Executable, params: Params = None) -> Sequence[Row[Any]]:
        """Every row."""
        rows: Sequence[Row[Any]] = (await self._execute(statement, params)).all()
        return rows

    async def first(self, statement: str | Executable, params: Params = None) -> Row[Any] | None:
        """The first row, or None."""
        row: Row[Any] | None = (await self._execute(statement, params)).first()
        return row

    async def one(self, statement: str | Executable, params: Params = None) -> Row[Any]:
        """The only row; anything else is a bug."""
        row: Row[Any] = (await self._execute(statement, params)).one()
        return row

    async def scalar(self, statement: str | Executable, params: Params = None) -> Any:
        """The first column of the first row, or None."""
        return (await self._execute(statement, params)).scalar()

    async def run(self, statement: str | Executable, params: Params | Sequence[Mapping[str, Any]] = None) -> int:
        """How many rows it touched."""
        return int((await self._execute(statement, params)).rowcount)

    async def pages(self, statement: str, params: Params = None, size: int = 500) -> AsyncIterator[Sequence[Row[Any]]]:
        """Rows as the server finds them, so many at once: a long answer never lies in memory whole."""
        found = await self.connection.stream(sql(statement), params)
        async for rows in found.partitions(size):
            yield rows

    async def _execute(self, statement: str | Executable, params: Any) -> Any:
        return await self.connection.execute(sql(statement) if isinstance(statement, str) else statement, params)

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """A block that can fail alone: its rows and what it announced are taken back."""
        announced, after = list(self._announced), list(self._after)
        try:
            async with self.connection.begin_nested():
                yield
        except BaseException:
            # Also what was announced before and written within: with the block its rows are gone.
            self._announced, self._after = announced, after
            raise

    def announce(self, *events: Event) -> None:
        """Say a fact to the other services: an outbox row, written in the same commit."""
        self._announced.extend(outbox.row(event, self.traces) for event in events)

    def after_commit(self, callback: Callable[[], None]) -> None:
        """Call this once the transaction is durable; not at all if it is rolled back."""
        self._after.append(callback)

    def take_announced(self) -> dict[str, list[Any]]:
        """What is announced so far, as the parameters of `outbox.INSERT_WITH`. Whoever takes it writes it."""
        rows, self._announced = self._announced, []
        return {f"outbox_{name}": column for name, column in outbox.columns(rows).items()}

    async def flush(self) -> None:
        """Write buffered outbox rows, in the order they were announced."""
        if self._announced:
            rows, self._announced = self._announced, []
            await self.run(outbox.INSERT, outbox.columns(rows))

    def committed(self) -> None:
        after, self._after = self._after, []
        for callback in after:
            callback()


class Database:
    """The service's own database. `url` is `postgresql://user:password@host:port/name`."""

    def __init__(self, url: str, *, pool_size: int = 5, application: str = "caibei") -> None:
        self.url = url
        self.engine: AsyncEngine = create_async_engine(
            driver_url(url),
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=5,
            pool_use_lifo=True,
            hide_parameters=True,  # an error's text must not hold what a person typed
            json_serializer=lambda value: value,  # the codec below does it, for typed and untyped parameters alike
            json_deserializer=lambda value: value,
            connect_args={
                "timeout": 5,
                "prepared_statement_cache_size": 500,
                "server_settings": {
                    "application_name": application,
                    "statement_timeout": "15s",
                    "transaction_timeout": "60s",
                    "lock_timeout": "5s",
                    "idle_in_transaction_session_timeout": "30s",
                    "jit": "off",  # plans here are short; compiling them costs more than it saves
                    # A prepared plan made while a table was small stays until the table is analysed: scanning it whole
                    # cost a booking 2.1 ms instead of 0.3 once it had grown. Where an index serves, use it.
                    "enable_seqscan": "off",
                },
            },
        )
        self._each_for_itself = self.engine.execution_options(isolation_level="AUTOCOMMIT")
        event.listen(self.engine.sync_engine, "connect", _use_json_objects)
        event.listen(self.engine.sync_engine, "checkout", _refuse_closed)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """Commit at the end of the block, roll back if it raises.

        Raises:
            Unavailable: the database cannot be reached, or has no free connection within 5 s.
        """
        try:
            async with self.engine.connect() as connection:
                tx = Transaction(connection)
                try:
                    yield tx
                    await tx.flush()
                    await connection.commit()
                except BaseException:
                    # Shielded: a cancelled request must still give its connection back in a known state.
                    await asyncio.shield(connection.rollback())
                    raise
        except Exception as error:
            if is_away(error):
                raise Unavailable("database_unavailable", "The database is away; try again shortly.") from error
            raise
        tx.committed()

    @asynccontextmanager
    async def statements(self) -> AsyncIterator[Transaction]:
        """Each statement is a transaction of its own, committed when it returns: for a hot path whose every statement
        is whole by itself. Spares the two round trips of BEGIN and COMMIT. What is announced goes with its statement
        (`take_announced`); anything left at the end is a bug.

        Raises:
            Unavailable: as `transaction`.
        """
        try:
            async with self._each_for_itself.connect() as connection:
                tx = Transaction(connection)
                yield tx
        except Exception as error:
            if is_away(error):
                raise Unavailable("database_unavailable", "The database is away; try again shortly.") from error
            raise
        assert not tx.take_announced()["outbox_id"], "announced without a statement that makes it true"
        tx.committed()

    async def close(self) -> None:
        await self.engine.dispose()


def driver_url(url: str) -> str:
    """The same address, for SQLAlchemy on asyncpg."""
    return url.replace("postgresql://", "postgresql+asyncpg://", 1)


def _use_json_objects(connection: Any, _: Any) -> None:
    """Let jsonb values go in and out as Python objects, in text statements too."""

    async def set_codecs(driver: Any) -> None:
        for name in ("json", "jsonb"):
            await driver.set_type_codec(
                name, encoder=lambda v: orjson.dumps(v, default=str).decode(), decoder=orjson.loads, schema="pg_catalog"
            )

    connection.run_async(set_codecs)


def _refuse_closed(connection: Any, *_: Any) -> None:
    """A pre-ping that costs nothing: the driver already knows when the server hung up."""
    if connection.driver_connection.is_closed():
        raise DisconnectionError
