"""Whether the running daemon still hears as its model's maker did: a self-test now and each day.

Memory decays, disks lose pages, and a model that computes nonsense says nothing of it. A restart
cures what can be cured, so the first failure ends the daemon for systemd to start it again. That
this was tried is kept in the state directory until a test is passed a day later: whatever fails
again before that stays, and hears on as well as it can, with a problem in `health`.
"""

import logging
import os
from pathlib import Path

from aed.bundle import Bundle
from aed.self_test import SelfTest, SelfTestResult
from daemon.clocks import Clock, rfc3339
from daemon.mqtt.payloads import SelfTestHealth
from daemon.state_file import write_state

_logger = logging.getLogger(__name__)

EVERY_S = 86_400.0

TELL_S = 10.0
"""The broker gets so long to hear of a failed test before the daemon ends."""

MARK_NAME = "restarted-after-self-test"


def is_restart_spent(folder: Path) -> bool:
    """Whether a restart has been tried against a failing self-test.

    Args:
        folder: the state directory.
    """
    return os.path.lexists(folder / MARK_NAME)


class SelfCheck:
    """Runs the self-test when it is due, a second of its clip in each turn."""

    def __init__(self, bundle: Bundle, *, folder: Path, clock: Clock) -> None:
        """Begin; the first test is due at once.

        Args:
            bundle: the model that hears.
            folder: the state directory.
            clock: for when the next is due.
        """
        self._bundle = bundle
        self._folder = folder
        self._clock = clock
        # The test under way; when the next is due; how many this process has ended.
        self._test: SelfTest | None = None
        self._next_s = clock.boottime_s()
        self._num_ended = 0
        self._failed_s = 0.0
        self.health: SelfTestHealth | None = None
        """How the last one came out."""
        self.problem: str | None = None
        """What is wrong, as a sentence."""
        self.must_restart = False
        """Whether to end, once that is told, and be started again."""
        self.is_on_trial = False
        """Whether the model is a new one, which is given up instead if it fails."""

    @property
    def is_restart_overdue(self) -> bool:
        """Whether `must_restart` has been so for long enough to be told."""
        return self.must_restart and self._clock.boottime_s() - self._failed_s >= TELL_S

    def follow(self, bundle: Bundle) -> None:
        """Test another model from now on, and at once; nothing changes if it is the same.

        A model that was loaded anew from the same files is another one: the memory that it is
        computed from is what the test is about.
        """
        is_same_memory = bundle.session is self._bundle.session
        if is_same_memory and bundle.digest == self._bundle.digest:
            return
        self._bundle, self._test = bundle, None
        self._next_s = self._clock.boottime_s()
        self.problem, self.must_restart = None, False

    def tick(self) -> None:
        """Do the next second of a test that is under way or due."""
        now_s = self._clock.boottime_s()
        if self._test is None:
            if now_s < self._next_s:
                return
            self._next_s = now_s + EVERY_S
            self._test = self._bundle.new_self_test()
        result = self._test.step()
        if result is not None:
            self._test = None
            self._num_ended += 1
            self._note(result, may_forgive=self._num_ended > 1)

    def run_now(self) -> SelfTestHealth:
        """Run the whole test at once, because somebody asks; fails as the daily one does.

        Passing it proves nothing about the next day, so a spent restart stays spent.
        """
        return self._note(self._bundle.new_self_test().run(), may_forgive=False)

    def _note(self, result: SelfTestResult, *, may_forgive: bool) -> SelfTestHealth:
        self.health = health = SelfTestHealth(
            at=rfc3339(self._clock.wall_s()),
            passed=result.problem is None,
            deviation=None if result.deviation is None else round(result.deviation, 7),
        )
        if result.problem is None:
            if self.problem is not None:
                _logger.info("the self-test is passed again")
            self.problem = None
            if may_forgive:
                self._forgive()
            return health
        self.problem = f"the model fails its self-test: {result.problem}"
        if not self.must_restart and not self.is_on_trial:
            self.must_restart = self._may_restart()
            self._failed_s = self._clock.boottime_s()
        _logger.error(
            "%s; %s",
            self.problem,
            "ending, to be started again" if self.must_restart else "hearing on all the same",
        )
        return health

    def _may_restart(self) -> bool:
        """Spend the one restart; it is spent only if that can be remembered."""
        if is_restart_spent(self._folder):
            return False
        try:
            write_state(self._folder / MARK_NAME, {})
        except OSError as error:
            _logger.error("a restart cannot be remembered, so there is none: %s", error)  # noqa: TRY400 - no bug
            return False
        return True

    def _forgive(self) -> None:
        try:
            (self._folder / MARK_NAME).unlink(missing_ok=True)
        except OSError as error:
            _logger.warning("that a restart was spent cannot be forgotten: %s", error)
