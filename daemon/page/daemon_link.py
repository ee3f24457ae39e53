"""Asks the daemon by its control socket: a connection for each question, one to watch."""

import asyncio
import json
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from daemon.page.errors import AwayError, RefusedError

TIMEOUT_S = 10.0
_LONGEST_LINE_BYTES = 4 << 20
_AT_ONCE = 2
"""Questions at once: the daemon answers few a second, and others want to ask as well."""


Data = dict[str, Any]


class DaemonLink:
    """The way to the daemon."""

    def __init__(self, path: Path) -> None:
        """Name the socket; connects to nothing.

        Args:
            path: the control socket.
        """
        self._path = path
        self._turn = asyncio.Semaphore(_AT_ONCE)
        # Answers that may be given again, with when they were got; one lock for each question.
        self._answers: dict[str, tuple[float, Data]] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    async def ask(self, name: str, data: Data | None = None) -> Data:
        """Ask, and wait for the answer.

        Args:
            name: which request.
            data: its data.

        Returns:
            The data of the response.

        Raises:
            AwayError: nobody answers.
            RefusedError: the daemon will not; the text says why.
        """
        async with self._turn:
            try:
                async with asyncio.timeout(TIMEOUT_S), self._connected() as (reader, writer):
                    await _send(writer, name, data)
                    response = await _read(reader)
            except (OSError, TimeoutError, ValueError) as error:
                raise AwayError("aed does not answer") from error
        if response.get("status") != "ok":
            raise RefusedError(str(response.get("error")))
        return dict(response["data"])

    async def ask_at_most_every(self, age_s: float, name: str) -> Data:
        """Ask what everybody asks, unless the last answer is young enough.

        Args:
            age_s: how old it may be.
            name: which request.

        Raises:
            AwayError: nobody answers.
            RefusedError: the daemon will not.
        """
        async with self._locks.setdefault(name, asyncio.Lock()):
            known = self._answers.get(name)
            if known is None or time.monotonic() - known[0] > age_s:
                known = (time.monotonic(), await self.ask(name))
                self._answers[name] = known
            return known[1]

    async def watch(self) -> AsyncGenerator[bytes, None]:
        """Lines of JSON about what is heard, as they come.

        Raises:
            AwayError: the daemon went away.
        """
        try:
            async with self._connected() as (reader, writer):
                async with asyncio.timeout(TIMEOUT_S):
                    await _send(writer, "subscribe", None)
                    await _read(reader)
                while line := await reader.readline():
                    yield line
        except (OSError, TimeoutError, ValueError) as error:
            raise AwayError("aed does not answer") from error
        raise AwayError("aed has hung up")

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        reader, writer = await asyncio.open_unix_connection(
            str(self._path), limit=_LONGEST_LINE_BYTES
        )
        try:
            yield reader, writer
        finally:
            writer.close()


async def _send(writer: asyncio.StreamWriter, name: str, data: Data | None) -> None:
    writer.write(json.dumps({"request": name, "data": data or {}}).encode() + b"\n")
    await writer.drain()


async def _read(reader: asyncio.StreamReader) -> Data:
    response = json.loads(await reader.readline())
    if not isinstance(response, dict):
        raise ValueError("wanted a JSON object")  # noqa: TRY004 - one error for what is read
    return response
