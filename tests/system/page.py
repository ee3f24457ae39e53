"""The real daemon with its page, for tests."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from tests.system.broker import HOST, free_port
from tests.system.daemon_process import DaemonProcess, LoudSource
from tests.system.page_client import PageClient

StartPage = Callable[..., tuple[DaemonProcess, PageClient]]


class Pages:
    """Starts `aed run` with a page, without a broker, in folders of its own."""

    def __init__(self, folder: Path, source: LoudSource) -> None:
        self._folder = folder
        self._source = source
        self._started: list[DaemonProcess] = []

    def start(
        self, *, web: dict[str, Any] | None = None, **changes: object
    ) -> tuple[DaemonProcess, PageClient]:
        """Start one; keywords replace settings."""
        port = free_port()
        settings = {
            "mqtt": {"host": HOST, "port": free_port()},
            "sources": [self._source.settings()],
            "web": {"port": port, **(web or {})},
            **changes,
        }
        daemon = DaemonProcess(self._folder / f"daemon{len(self._started)}", settings)
        self._started.append(daemon)
        daemon.start()
        client = PageClient(port)
        client.wait_until_up()
        return daemon, client

    def kill(self) -> None:
        """End them all."""
        for daemon in self._started:
            daemon.kill()


def page_of(daemon: DaemonProcess) -> psutil.Process:
    """The process of the page."""
    (page,) = [
        each for each in psutil.Process(daemon.pid).children() if "daemon.page" in each.cmdline()
    ]
    return page
