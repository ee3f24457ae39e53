"""What it may mean that a broker accepts us and soon closes the connection, again and again.

MQTT 3.1.1 has no word for either of two reasons. Whoever connects with a client id that is in use
makes the broker close the older connection. And there are brokers that close the connection of
whoever subscribes to what is forbidden (AWS IoT Core, EMQX with `deny_action = disconnect`). They
take our alerts if we do not, and alerts are what matters.
"""

import logging
from collections.abc import Sequence

from daemon.clocks import Clock

_logger = logging.getLogger(__name__)

SUSPICIOUS = 3
"""So many connections in a row that the broker accepts and soon closes are no restart of it."""

SUSPECT_AGAIN_S = 600.0


class ShortConnections:
    """Counts them, and says what to do about it."""

    def __init__(
        self, *, address: str, client_id: str, filters: Sequence[str], clock: Clock
    ) -> None:
        """Begin without suspicion.

        Args:
            address: of the broker, for messages.
            client_id: as which we connect.
            filters: what we subscribe to.
            clock: for how often to say so.
        """
        self._address = address
        self._client_id = client_id
        self._filters = filters
        self._clock = clock
        # In a row; those of them, without a break, that ended before our subscriptions were
        # answered; when something was said of it.
        self._num_short = self._num_unanswered = 0
        self._said_s: float | None = None
        self.may_subscribe = True
        """Whether the next connection is to have subscriptions."""

    def note_other(self, *, is_steady: bool) -> None:
        """Note the end of a connection that the broker did not soon close, or never accepted.

        Args:
            is_steady: whether it has held for long.
        """
        self._num_short = 0
        if is_steady and not self.may_subscribe:
            # The rules may have been changed since: once more, but only once.
            self.may_subscribe, self._num_unanswered = True, SUSPICIOUS - 1
        elif is_steady:
            self._num_unanswered = 0

    def note_short(self, *, is_answered: bool) -> None:
        """Note that the broker has soon closed a connection.

        Args:
            is_answered: whether it had answered our subscriptions, or there were none.
        """
        self._num_short += 1
        was_without = not self.may_subscribe
        self.may_subscribe = True
        self._num_unanswered = 0 if was_without or is_answered else self._num_unanswered + 1
        if self._num_unanswered >= SUSPICIOUS:
            self.may_subscribe = False
            self._say_forbidden()
        elif self._num_short >= SUSPICIOUS and not self._num_unanswered:
            self._say_rival()

    def _say_forbidden(self) -> None:
        if self._may_say():
            _logger.error(
                "the broker at %s closes each connection as soon as aed subscribes: probably its "
                "rules forbid that; connecting without, so that requests over MQTT are not "
                "answered; allow the client id %r to subscribe to %s",
                self._address,
                self._client_id,
                ", ".join(self._filters),
            )

    def _say_rival(self) -> None:
        if self._may_say():
            _logger.error(
                "the broker at %s accepted and then closed the last %d connections: probably "
                "another aed, or whatever else, connects with the same client id %r, and each "
                "throws the other out; give each aed a node of its own; still detecting, trying "
                "again",
                self._address,
                self._num_short,
                self._client_id,
            )

    def _may_say(self) -> bool:
        """Whether the last time is long enough ago; if so, this is the next."""
        now_s = self._clock.boottime_s()
        if self._said_s is not None and now_s - self._said_s < SUSPECT_AGAIN_S:
            return False
        self._said_s = now_s
        return True
