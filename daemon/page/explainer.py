"""Why a clip gave an alert: `aed explain`, in a process of its own that ends with the answer.

Hearing takes memory that a page has no use for, so it is not loaded here.
"""

import asyncio
import json
import os
import sys

from daemon.page.daemon_link import Data
from daemon.page.errors import RefusedError

PATIENCE_S = 60.0
_MOST_KEPT = 50
_NICE = 10
"""The daemon hears first."""


class Explainer:
    """Explains one clip after the other; knows the latest."""

    def __init__(self) -> None:
        self._one_at_a_time = asyncio.Lock()
        self._known: dict[str, Data] = {}

    async def explain(self, clip: Data) -> Data:
        """Explain the moment of a clip at which something was recognised.

        Args:
            clip: what the daemon says of it: `path`, `at_s`, `settings`, `bundle`.

        Returns:
            What `aed explain --format json` prints.

        Raises:
            RefusedError: it cannot be explained.
        """
        async with self._one_at_a_time:
            path = clip["path"]
            if path not in self._known:
                if len(self._known) >= _MOST_KEPT:
                    del self._known[next(iter(self._known))]
                self._known[path] = await _explained(clip)
            return self._known[path]


async def _explained(clip: Data) -> Data:
    process = await asyncio.create_subprocess_exec(
        *("nice", f"-n{_NICE}", sys.executable, "-m", "aed", "explain", clip["path"]),
        *("--at", f"{clip['at_s']:.1f}", "--format", "json"),
        *("--config", clip["settings"], "--bundle", clip["bundle"]),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    try:
        async with asyncio.timeout(PATIENCE_S):
            output, _ = await process.communicate()
        if process.returncode:
            raise RefusedError("`aed explain` cannot explain this clip")
        explained: Data = json.loads(output)
    except (TimeoutError, ValueError) as error:
        raise RefusedError("`aed explain` has not explained this clip in time") from error
    finally:
        if process.returncode is None:
            process.kill()
    return explained
