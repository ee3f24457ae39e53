"""Who is looking, and what they are sent: server-sent events, from one subscription for all.

While nobody looks, nothing is asked of the daemon.
"""

import asyncio
import contextlib
import json
from collections import deque
from collections.abc import AsyncIterator, Mapping

from daemon.page.daemon_link import DaemonLink
from daemon.page.errors import AwayError, RefusedError

MOST_VIEWERS = 24
_MOST_WAITING = 40
"""Messages for one viewer; who is slower misses the oldest, and sees what is now."""

STATUS_EVERY_S = 2.0
TRY_AGAIN_S = 1.0


class Viewer:
    """One stream of messages."""

    def __init__(self) -> None:
        self._messages: deque[bytes] = deque(maxlen=_MOST_WAITING)
        self._is_there = asyncio.Event()

    def put(self, message: bytes) -> None:
        """Send a message when there is time."""
        self._messages.append(message)
        self._is_there.set()

    async def messages(self) -> AsyncIterator[bytes]:
        """What was put, as it comes; without end."""
        while True:
            await self._is_there.wait()
            self._is_there.clear()
            waiting = b"".join(self._messages)
            self._messages.clear()
            yield waiting


class Viewers:
    """All of them."""

    def __init__(self, link: DaemonLink) -> None:
        """Begin with nobody.

        Args:
            link: the way to the daemon.
        """
        self._link = link
        self._viewers: set[Viewer] = set()
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def is_full(self) -> bool:
        """Whether there is room for no more."""
        return len(self._viewers) >= MOST_VIEWERS

    async def look(self) -> AsyncIterator[bytes]:
        """Messages for one who looks, until they leave."""
        viewer = Viewer()
        viewer.put(b"retry: 1000\n\n")
        self._viewers.add(viewer)
        if len(self._viewers) == 1:
            self._tasks = [asyncio.create_task(each) for each in (self._watch(), self._report())]
        try:
            async for message in viewer.messages():
                yield message
        finally:
            self._viewers.discard(viewer)
            if not self._viewers:
                self.close()

    def close(self) -> None:
        """Ask the daemon no more."""
        for task in self._tasks:
            task.cancel()
        self._tasks = []

    async def _watch(self) -> None:
        while True:
            try:
                async with contextlib.aclosing(self._link.watch()) as lines:
                    async for line in lines:
                        self._send(b"data: " + line + b"\n")
            except AwayError:
                self._send(event("away", {}))
            await asyncio.sleep(TRY_AGAIN_S)

    async def _report(self) -> None:
        while True:
            # That the daemon is away is told by `_watch`.
            with contextlib.suppress(AwayError, RefusedError):
                status = await self._link.ask_at_most_every(STATUS_EVERY_S / 2, "status")
                self._send(event("status", status))
            await asyncio.sleep(STATUS_EVERY_S)

    def _send(self, message: bytes) -> None:
        for viewer in self._viewers:
            viewer.put(message)


def event(kind: str, data: Mapping[str, object]) -> bytes:
    """A server-sent event.

    Args:
        kind: its type.
        data: what it says.
    """
    return f"event: {kind}\ndata: {json.dumps(data)}\n\n".encode()
