"""How aed was within the last day: a point a minute, in memory, whether somebody looks or not."""

import asyncio
from collections import deque
from typing import Any

from daemon.page.daemon_link import DaemonLink, Data
from daemon.page.errors import AwayError, RefusedError

EVERY_S = 60.0
MOST_POINTS = 1_440


class Trend:
    """Asks each minute, and remembers."""

    def __init__(self, link: DaemonLink) -> None:
        """Begin with nothing.

        Args:
            link: the way to the daemon.
        """
        self._link = link
        self._points: deque[Data] = deque(maxlen=MOST_POINTS)

    def points(self) -> list[Data]:
        """What was found, oldest first."""
        return list(self._points)

    async def follow(self) -> None:
        """Ask, without end."""
        while True:
            try:
                self._points.append(_point(await self._link.ask("status")))
            except (AwayError, RefusedError):
                self._points.append({"at": None})
            await asyncio.sleep(EVERY_S)


def _point(status: Data) -> dict[str, Any]:
    health = status["health"]
    return {
        "at": health["at"],
        "broker": status["broker_connected"],
        "outbox_rows": health["outbox_rows"],
        "memory_mb": health["memory_mb"],
        "inference_ms_per_s": health["inference_mean_ms_per_s"],
        "sources": {
            name: {"state": each["state"], "level_dbfs": each["level_dbfs"], "lag_s": each["lag_s"]}
            for name, each in health["sources"].items()
        },
    }
