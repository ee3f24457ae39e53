"""For a while no alerts: asked for, bounded, over by itself, never for what is critical.

What is critical may be told at a node above it, as long as nobody is sure which of the sounds below
it is: "an alarm" may be a smoke alarm, and is no more silenced than that.

A mute outlives a restart of the daemon. Its end hangs on the clock that never jumps; over a restart
of the machine only the wall clock is left, and if that has gone backwards, nobody knows how much of
the mute is left and it is over: rather an alert too many.
"""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from daemon.clocks import Clock, rfc3339
from daemon.errors import RequestError
from daemon.mqtt.payloads import MutePayload, read_object
from daemon.outbox.reports import Report
from daemon.state_file import read_state, write_state
from ontology import Ontology

_logger = logging.getLogger(__name__)

FILE_NAME = "mute.json"

LONGEST_S = 86_400.0
LONGEST_CRITICAL_S = 3_600.0
"""A mute that silences what is critical is over sooner."""

_MOST = 1e12
"""No time in seconds is as large."""

_SHOWN_AGAIN_S = 2.0
"""The wall clock has been set if the end is off by so much from what was shown."""


class Mute:
    """Knows whether alerts are silenced, and until when."""

    def __init__(
        self, folder: Path, *, is_for_critical: bool, ontology: Ontology, clock: Clock
    ) -> None:
        """Go on with what a former run was told; a file that cannot be read mutes nothing.

        Args:
            folder: the state directory.
            is_for_critical: whether the settings let a mute silence critical alerts too.
            ontology: which nodes are above critical ones.
            clock: for when it is over.
        """
        self._path = folder / FILE_NAME
        self._clock = clock
        self.follow(is_for_critical=is_for_critical, ontology=ontology)
        self._shown_s: float | None = None
        # When it is over, by the clock that never jumps; None while there is no mute. Whether it
        # was asked for where it would silence what is critical: no change of settings makes it.
        self._until_s: float | None = None
        self._is_asked_for_critical = False
        try:
            content = read_state(self._path)
            self._is_asked_for_critical = content.get("critical") is True
            longest_s = LONGEST_CRITICAL_S if self._is_asked_for_critical else LONGEST_S
            remaining_s = _remaining_s(content, longest_s, clock)
        except (OSError, ValueError) as error:
            _logger.error("%s cannot be read (%s): nothing is muted", self._path, error)  # noqa: TRY400 - no bug
            return
        if remaining_s > 0:
            self._until_s = clock.boottime_s() + remaining_s
            _logger.warning("alerts are still muted, for %.0f s", remaining_s)

    @property
    def longest_s(self) -> float:
        """Longest mute that may be asked for."""
        return LONGEST_CRITICAL_S if self._is_for_critical else LONGEST_S

    @property
    def remaining_s(self) -> float:
        """How long it lasts; 0 if there is none."""
        if self._until_s is None:
            return 0.0
        remaining_s = max(0.0, self._until_s - self._clock.boottime_s())
        if not remaining_s:
            self._until_s = None
            _logger.warning("the mute is over")
        return remaining_s

    def follow(self, *, is_for_critical: bool, ontology: Ontology) -> None:
        """Go on with other settings; see `__init__`.

        A mute that was asked for before goes on, and never silences more than it was asked for.
        """
        self._is_for_critical = is_for_critical
        self._spared = {node.id for node in ontology.nodes if node.is_above_critical}

    def set(self, for_s: float, *, by: str) -> None:
        """Mute from now on, instead of what was asked for before.

        Args:
            for_s: for how long; 0 ends it.
            by: who asks, for the log.

        Raises:
            RequestError: it would be too long; or the disk refuses what must outlive a restart.
        """
        if not 0 <= for_s <= self.longest_s:
            raise RequestError(
                f"for_s: wanted a number from 0 to {self.longest_s:g}, found {for_s:g}"
            )
        now_s = self._clock.boottime_s()
        self._until_s = now_s + for_s if for_s > 0 else None
        self._is_asked_for_critical = self._is_for_critical
        self._shown_s = None
        what = f"muted for {for_s:g} s" if for_s > 0 else "not muted any more"
        _logger.warning("alerts are %s, asked for by %s", what, by)
        content = {
            "boot_id": self._clock.boot_id,
            "set_wall_s": self._clock.wall_s(),
            "set_boottime_s": now_s,
            "for_s": for_s,
            "critical": self._is_asked_for_critical,
        }
        try:
            write_state(self._path, content)
        except OSError as error:
            raise RequestError(
                f"done, but {self._path} cannot be written ({error.strerror}): the next start of "
                f"aed will not know of it"
            ) from error

    def audible(self, reports: Sequence[Report]) -> list[Report]:
        """Leave out what is muted: alerts, unless they are, or may be, of something critical."""
        if not any(report.kind == "alert" for report in reports) or not self.remaining_s:
            return list(reports)
        heard = [each for each in reports if each.kind != "alert" or not self._silences(each)]
        if len(heard) < len(reports):
            _logger.info("an alert is not told: alerts are muted")
        return heard

    def payload(self) -> MutePayload:
        """What there is to say of it now."""
        remaining_s = self.remaining_s
        if not remaining_s:
            return MutePayload(muted=False, until=None, critical=self._is_for_critical)
        until_s = self._clock.wall_s() + remaining_s
        if self._shown_s is None or abs(self._shown_s - until_s) > _SHOWN_AGAIN_S:
            self._shown_s = until_s
        return MutePayload(
            muted=True, until=rfc3339(self._shown_s), critical=self._silences_critical
        )

    @property
    def _silences_critical(self) -> bool:
        return self._is_for_critical and self._is_asked_for_critical

    def _silences(self, report: Report) -> bool:
        if self._silences_critical:
            return True
        return (
            not report.critical and read_object(report.body).get("event_type") not in self._spared
        )


def _remaining_s(content: dict[str, Any], longest_s: float, clock: Clock) -> float:
    """What is left of a mute that was kept.

    Raises:
        ValueError: this is none.
    """
    if not content:
        return 0.0
    boot_id = content.get("boot_id")
    for_s, set_wall_s, set_boottime_s = (
        _number(content.get(name)) for name in ("for_s", "set_wall_s", "set_boottime_s")
    )
    if not isinstance(boot_id, str):
        raise ValueError("wanted boot_id to be a text")  # noqa: TRY004 - one error for what is read
    if boot_id == clock.boot_id:
        passed_s = clock.boottime_s() - set_boottime_s
    else:
        passed_s = clock.wall_s() - set_wall_s
        if passed_s >= 0:
            passed_s = max(passed_s, clock.boottime_s())  # at least since the machine started
    return min(for_s, longest_s) - passed_s if passed_s >= 0 else 0.0


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > _MOST:
        raise ValueError("wanted for_s, set_wall_s and set_boottime_s to be numbers")
    return float(value)
