"""Takes due messages, asks whether they are still true, hands them to the mail server and writes down what became of
them. Any number of processes may do this at once: a message is leased to one of them, by the database's clock.
"""

import asyncio
import random
from collections import deque
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import partial

from prometheus_client import Counter

from services.notification import store
from services.notification.asking import Scheduling
from services.notification.bell import Bell
from services.notification.domain.messages import retry_after
from services.notification.lease import Lease
from services.notification.letters import Letter, NoLetter, letters
from services.notification.mails import Sender as From
from services.notification.settings import Settings
from services.notification.smtp import Connection, Connections, MailServerAway, Refused
from services.notification.store import Claimed, Outcome
from shared.errors import Unavailable
from shared.events.notification import MessageFailed, MessageSent
from shared.kit import failpoints, logging
from shared.kit.backoff import Backoff
from shared.kit.database import Database, Transaction

LOOK_SECONDS = 2.0
LONGEST_PAUSE_SECONDS = 10.0
TURN_SECONDS = 20.0  # a slow mail server's batch ends then: an urgent message waits behind one batch at most
MARK_SECONDS = 60.0
UNDECIDED_WAIT = timedelta(seconds=1)
MESSAGES = Counter("caibei_messages_total", "Messages that came to their end or to another try.", ["template", "state"])

log = logging.get(__name__)


class Sender:
    """Runs until `stop`. A mail server or a scheduling that is away costs no message an attempt.

    Attributes:
        resumes: the loop's time at which a pause ends that one of the two being away has caused.
    """

    def __init__(self, database: Database, scheduling: Scheduling, settings: Settings, bell: Bell) -> None:
        self._database = database
        self._scheduling = scheduling
        self._settings = settings
        self._bell = bell
        self._from = From.of(settings.mail_from)
        self._stopping = False
        self._away = Backoff(first=1.0, most=LONGEST_PAUSE_SECONDS)
        self.resumes = 0.0

    async def run(self) -> None:
        async with Connections(self._settings) as connections:
            while not self._stopping:
                began = asyncio.get_running_loop().time()
                try:
                    full = await self.turn(connections)
                except Unavailable:
                    await asyncio.sleep(random.uniform(0.5, 1.5))
                    continue
                except Exception as error:  # one bad batch must not end all sending
                    log.error("sending failed", exc_info=logging.without_values(error))
                    await asyncio.sleep(random.uniform(2, 5))
                    continue
                if not full and not self._stopping:
                    # At rest a message goes at once; under load the turns keep their distance and each takes more.
                    await self._bell.wait(LOOK_SECONDS, began + self._settings.gather_seconds)

    @property
    def pausing(self) -> bool:
        """Scheduling or the mail server was away: until the pause ends only urgent messages are tried."""
        return asyncio.get_running_loop().time() < self.resumes

    def stop(self) -> None:
        """End after the batch under way: what the mail server took must still be marked."""
        self._stopping = True
        self._bell.ring(urgent=True)

    async def turn(self, connections: Connections) -> bool:
        """Send one batch. Says whether there may be more at once."""
        lease = Lease(self._database, self._settings.lease_seconds)
        batch = await lease.take(self._settings.batch, urgent_only=self.pausing)
        if not batch:
            return False
        failpoints.reach("sender.after_claim")
        urgent = [message for message in batch if message.occasion.purpose.is_urgent]
        sessions = [message for message in batch[len(urgent) :] if message.asset_id is None]
        assets = [message for message in batch if message.asset_id is not None]
        async with lease.kept():
            for part in (urgent, sessions, assets):  # each asks others, so none waits for those of another part
                if part:
                    outcomes = await self._send(part, connections, lease)
                    failpoints.reach("sender.after_smtp")
                    await self._mark(outcomes)
        return len(batch) == self._settings.batch and not self.pausing

    async def _send(self, batch: list[Claimed], connections: Connections, lease: Lease) -> list[Outcome]:
        try:
            if batch[0].occasion.purpose.is_urgent:
                present = {message.id: await self._scheduling.about_urgent(message) for message in batch}
            elif batch[0].asset_id is not None:
                present = await self._scheduling.about_assets(batch)
            else:
                present = await self._scheduling.about(batch)
        except Unavailable as error:
            return self._later(batch, error.code)
        waiting: deque[Letter] = deque()
        outcomes: list[Outcome] = []
        for written in letters(batch, present, self._from, datetime.now(UTC)):
            if isinstance(written, NoLetter):
                outcomes += [_unsent(message, written) for message in written.messages]
            else:
                waiting.append(written)
        if not waiting:
            return outcomes
        ends = asyncio.get_running_loop().time() + TURN_SECONDS
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._hand_over(waiting, each, lease, ends)) for each in connections.all]
        for task in tasks:
            outcomes += task.result()
        if any(outcome.state == "sent" for outcome in outcomes):
            self._away.reset()
        if waiting:
            outcomes += self._later([message for each in waiting for message in each.messages], "mail_server_away")
        return outcomes

    async def _hand_over(
        self, waiting: deque[Letter], connection: Connection, lease: Lease, ends: float
    ) -> list[Outcome]:
        """Send over one connection until nothing waits, the mail server is away or the time is over."""
        outcomes: list[Outcome] = []
        while waiting and lease.holds and asyncio.get_running_loop().time() < ends:
            written = waiting.popleft()
            try:
                await connection.send(self._from.address, written.to, written.content)
            except MailServerAway:
                waiting.append(written)
                break
            except Refused as refused:
                outcomes += [_refused(message, refused) for message in written.messages]
            else:
                outcomes += [_outcome(message, "sent", "", written) for message in written.messages]
        return outcomes

    def _later(self, messages: Iterable[Claimed], reason: str) -> list[Outcome]:
        """Back in the queue, without a counted attempt. Nothing but what is urgent is tried until the pause has passed:
        the pauses grow with what was tried in vain, not with the messages that came meanwhile."""
        wait = self._away.next()
        if not self.pausing:
            log.warning("sending waits", reason=reason, seconds=round(wait, 1))
        self.resumes = asyncio.get_running_loop().time() + wait
        return [_outcome(m, "queued", reason, wait=timedelta(seconds=wait), counted=False) for m in messages]

    async def _mark(self, outcomes: list[Outcome]) -> None:
        """Write it down, again and again while the database is away: what is not marked is sent twice."""
        ends = asyncio.get_running_loop().time() + MARK_SECONDS
        while True:
            try:
                async with self._database.transaction() as tx:
                    marked = await store.mark(tx, outcomes)
                    _announce(tx, marked)
                    tx.after_commit(partial(_count, marked))
                failpoints.reach("sender.after_mark")
                return
            except Unavailable:
                if asyncio.get_running_loop().time() > ends:
                    raise
            await asyncio.sleep(random.uniform(0.2, 0.6))


def _count(rows: Iterable[store.Row]) -> None:
    for row in rows:
        MESSAGES.labels(row.template, row.state).inc()


def _announce(tx: Transaction, rows: Iterable[store.Row]) -> None:
    for row in rows:
        if row.traceparent:
            tx.traces[str(row.id)] = row.traceparent  # the booking's trace ends with what its client was told
        facts = {"message_id": row.id, "appointment_id": row.appointment_id, "template": row.template}
        if row.state == "sent":
            tx.announce(MessageSent(**facts, channel=row.channel))
        elif row.state == "failed":
            tx.announce(MessageFailed(**facts, channel=row.channel, reason=row.reason))


def _refused(message: Claimed, refused: Refused) -> Outcome:
    wait = None if refused.lasting else retry_after(message.attempts + 1, random.random())
    if wait is None:
        return _outcome(message, "failed", refused.reason)
    return _outcome(message, "queued", refused.reason, wait=wait)


def _unsent(message: Claimed, why: NoLetter) -> Outcome:
    """Over for good, or looked at again shortly, without a counted attempt."""
    later = why.state == "queued"
    return _outcome(message, why.state, why.reason, wait=UNDECIDED_WAIT if later else timedelta(0), counted=not later)


def _outcome(
    message: Claimed,
    state: str,
    reason: str,
    written: Letter | None = None,
    *,
    wait: timedelta = timedelta(0),
    counted: bool = True,
) -> Outcome:
    return Outcome(
        id=message.id,
        claims=message.claims,
        state=state,
        reason=reason,
        attempts=message.attempts + (1 if counted and state != "dropped" else 0),
        wait=wait,
        sent_to=written.sent_to if written else None,
        locale=written.locale if written else None,
    )
