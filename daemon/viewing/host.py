"""All that the daemon has to do for the local page, where the settings ask for one."""

from collections.abc import Mapping, Sequence

from daemon.outbox.reports import Report
from daemon.reloaded import Reloaded
from daemon.requests.handler import Request
from daemon.viewing.actions import PageActions
from daemon.viewing.live_feed import LiveFeed
from daemon.viewing.log_tail import LogTail
from daemon.viewing.process import PageProcess


class PageHost:
    """Where the main loop meets the page."""

    def __init__(
        self, process: PageProcess, *, actions: PageActions, feed: LiveFeed, log: LogTail
    ) -> None:
        """Take the parts.

        Args:
            process: runs the page.
            actions: what it asks for.
            feed: what it is told of what is heard.
            log: the latest lines of it.
        """
        self._process = process
        self._actions = actions
        self._log = log
        self.feed = feed
        log.listen()

    def requests(self) -> Mapping[str, Request]:
        """What it may ask for beside what anybody may."""
        return self._actions.requests()

    def note(self, reports: Sequence[Report]) -> None:
        """Show what is reported."""
        self.feed.note(reports)

    def tick(self) -> None:
        """Keep it running."""
        self._process.tick()

    def follow(self, change: Reloaded) -> None:
        """Go on with changed settings."""
        self._actions.follow(change.settings, change.bundle, change.ears)

    def close(self) -> None:
        """End it."""
        self._process.close()
        self._log.close()
