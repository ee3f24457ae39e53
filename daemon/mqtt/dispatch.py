"""Reports on their way to the broker: on disk and, where that refuses them, in memory.

What is said of one event keeps its order over both. Once a report of it had to go to memory, those
after it go there too, until the broker has them or the disk takes them all.
"""

import logging
from collections.abc import Sequence

from daemon.clocks import Clock
from daemon.errors import OutboxError
from daemon.mqtt.sending import TRY_AGAIN_S, Link, Sending
from daemon.mqtt.topics import Topics
from daemon.outbox.file import MEMORY
from daemon.outbox.outbox import Outbox
from daemon.outbox.reports import Report

_logger = logging.getLogger(__name__)

MAX_IN_FLIGHT = 20
"""Reports handed to the broker and not yet acknowledged, as many as paho sends at once."""

MAX_UNSAVED = 1_000
"""Reports kept in memory while the disk does not take them."""

SAY_AGAIN_S = 60.0
"""A broken outbox is worth one line a minute."""


def new_memory(clock: Clock) -> Outbox:
    """Make what keeps the reports that the disk does not take; it may outlive a restart by SIGHUP.

    Args:
        clock: for the ages of reports.
    """
    return Outbox(MEMORY, clock=clock, max_rows=MAX_UNSAVED)


class Dispatch:
    """Keeps reports until the broker has acknowledged them."""

    def __init__(
        self, *, outbox: Outbox, memory: Outbox, link: Link, topics: Topics, clock: Clock
    ) -> None:
        """Take the parts.

        Args:
            outbox: on disk.
            memory: what the disk does not take; not closed here.
            link: the broker.
            topics: where to publish.
            clock: for what is tried again.
        """
        self._saved = Sending(outbox, link=link, topics=topics, clock=clock)
        self._unsaved = Sending(memory, link=link, topics=topics, clock=clock)
        self._clock = clock
        # By event the latest report that only went to memory, as long as the disk has not noted
        # what is open by it; when to try the disk again, and whether it took the last reports.
        self._unnoted: dict[str, Report] = {}
        self._try_again_s = 0.0
        self._is_refused = False
        # When a broken outbox was last complained about.
        self._complained_s: float | None = None

    def put(self, reports: Sequence[Report]) -> None:
        """Put reports into the outbox; if the disk refuses them, keep them in memory."""
        unsaved = self._unsaved.outbox.event_ids()
        self._keep([report for report in reports if report.event_id in unsaved])
        fresh = [report for report in reports if report.event_id not in unsaved]
        if not fresh:
            return
        try:
            self._saved.put(fresh)
            self._is_refused = False
        except OutboxError as error:
            self._is_refused = True
            _logger.error(  # noqa: TRY400 - no bug
                "reports are kept in memory only, until the broker has them: %s", error
            )
            self._keep(fresh)
        else:
            for report in fresh:
                self._unnoted.pop(report.event_id, None)

    def note_acknowledged(self, mid: int) -> None:
        """Note that the broker has a message, if it is one of ours."""
        for sending in self._sendings:
            sending.note_acknowledged(mid)

    def lose(self) -> None:
        """Note that the connection has ended: what is in flight is sent again on the next."""
        for sending in self._sendings:
            sending.lose()

    def send(self) -> None:
        """Forget what is acknowledged and send what is due."""
        unsaved = self._unsaved.outbox.event_ids()
        for sending in self._sendings:
            room = MAX_IN_FLIGHT - sum(each.num_in_flight for each in self._sendings)
            # What memory has is not to wait behind a backlog on disk, but for what comes before it.
            must_wait = sending is self._saved and bool(unsaved)
            sending.send(room=room, urgent=unsaved, is_urgent_only=must_wait)
            for error in (sending.unreadable, sending.unwritable):
                if error is not None:
                    self._complain(error)
        self._try_disk_again()

    @property
    def num_unsaved(self) -> int:
        """Reports that are in memory only and not yet acknowledged."""
        return sum(each.num_waiting for each in self._sendings if not each.outbox.is_on_disk)

    @property
    def num_dropped(self) -> int:
        """Reports that were dropped since the start, from disk or memory, and never sent."""
        return sum(sending.outbox.num_dropped for sending in self._sendings)

    def size(self) -> tuple[int, int] | None:
        """Reports that wait, wherever, and the bytes of their payloads; None if nobody knows."""
        try:
            sizes = [sending.outbox.size() for sending in self._sendings]
        except OutboxError as error:
            self._complain(error)
            return None
        return sum(rows for rows, _ in sizes), sum(num_bytes for _, num_bytes in sizes)

    @property
    def problem(self) -> str | None:
        """What is wrong with keeping reports, as a sentence."""
        if any(sending.unreadable for sending in self._sendings):
            return "the outbox cannot be used: what waits in it is not sent"
        if self._is_refused or not self._saved.outbox.is_on_disk:
            return "the disk does not take reports: they are kept in memory only"
        if any(sending.unwritable for sending in self._sendings):
            return "the disk does not take which reports were sent: a restart may repeat them"
        return None

    @property
    def is_idle(self) -> bool:
        """Whether everything that was handed to the broker is acknowledged and nothing waits."""
        if any(each.num_in_flight for each in self._sendings):
            return False
        try:
            return self._saved.num_waiting + self.num_unsaved == 0
        except OutboxError as error:
            self._complain(error)
            return self.num_unsaved == 0

    def close(self) -> None:
        """Close the outbox on disk: what waits in it stays there, with what was in memory only."""
        for sending in self._sendings:
            sending.close()
        saved, unsaved = self._saved.outbox, self._unsaved.outbox
        try:
            if saved.is_on_disk:
                unsaved.move_to(saved)
            else:
                saved.move_to(unsaved)
        except OutboxError as error:
            self._complain(error)
        if num_unsaved := len(unsaved):
            _logger.error(
                "%d reports that the disk did not take are lost, unless aed only starts anew with "
                "changed settings",
                num_unsaved,
            )
        saved.close()

    @property
    def _sendings(self) -> tuple[Sending, Sending]:
        """What is on disk goes first: of any event it is older."""
        return self._saved, self._unsaved

    def _keep(self, reports: Sequence[Report]) -> None:
        if not reports:
            return
        self._unsaved.put(reports)
        self._saved.look_again()
        self._unnoted.update((report.event_id, report) for report in reports)
        while len(self._unnoted) > MAX_UNSAVED:
            del self._unnoted[next(iter(self._unnoted))]

    def _try_disk_again(self) -> None:
        """Tell the disk, once it works again, what it did not take."""
        now_s = self._clock.boottime_s()
        can_move = len(self._unsaved.outbox) and not self._unsaved.num_in_flight
        if now_s < self._try_again_s or not (can_move or self._unnoted):
            return
        self._try_again_s = now_s + TRY_AGAIN_S
        try:
            if self._unnoted:
                self._saved.outbox.note_open(list(self._unnoted.values()))
                self._unnoted.clear()
            if can_move and self._saved.outbox.is_on_disk:
                self._unsaved.outbox.move_to(self._saved.outbox)
                self._saved.look_again()
                self._is_refused = False
        except OutboxError as error:
            self._complain(error)

    def _complain(self, error: OutboxError) -> None:
        """Say once a minute that the outbox does not work."""
        now_s = self._clock.boottime_s()
        if self._complained_s is None or now_s - self._complained_s >= SAY_AGAIN_S:
            self._complained_s = now_s
            _logger.error("%s; trying again", error)
