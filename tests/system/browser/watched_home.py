"""A home with a page: broker, daemon, the sounds of the demonstration, and who looks at them."""

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from tests.system.broker import HOST, Broker, Subscriber, free_port
from tests.system.daemon_process import DaemonProcess
from tests.system.page_client import PageClient
from training.synthesis.scene import home_scene, write_wav

CHROMIUM = "/usr/bin/chromium"
DESKTOP, PHONE = (1280, 900), (390, 844)
RATE_HZ = 16_000


class WatchedHome:
    """Real processes; the scene begins when `start` is called."""

    def __init__(self, folder: Path, broker: Broker) -> None:
        self._folder = folder
        self.port = free_port()
        self.broker = broker
        self.client = PageClient(self.port)
        self.url = f"http://{HOST}:{self.port}/"
        self.daemon: DaemonProcess | None = None

    def scene(
        self, *, from_s: float = 0.0, until_s: float = 60.0, repeats: bool = True
    ) -> dict[str, Any]:
        """A source that plays a part of the demonstration's minute."""
        wav = self._folder / "scene.wav"
        write_wav(wav, home_scene(0).samples[round(from_s * RATE_HZ) : round(until_s * RATE_HZ)])
        return {"kind": "file", "name": "scene", "path": str(wav), "repeat": repeats}

    def start(self, source: dict[str, Any], **changes: object) -> DaemonProcess:
        """Start the daemon and wait for the page; keywords replace settings."""
        settings = {
            "mqtt": {"host": HOST, "port": self.broker.port},
            "sources": [source],
            "web": {"port": self.port},
            **changes,
        }
        self.daemon = DaemonProcess(self._folder / "daemon", settings)
        self.daemon.start()
        self.client.wait_until_up()
        return self.daemon

    def stop(self) -> None:
        """End it."""
        if self.daemon is not None:
            self.daemon.kill()


class Looker:
    """A browser's page, and all that it complains of."""

    def __init__(self, browser: Browser, size: tuple[int, int], **options: Any) -> None:  # noqa: ANN401 - Playwright's
        width, height = size
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        self.page: Page = context.new_page()
        self.complaints: list[str] = []
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", self._note)
        self.page.on("request", self._note_request)
        self.asked: list[str] = []

    def _note(self, message: Any) -> None:  # noqa: ANN401 - Playwright's
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def _note_request(self, request: Any) -> None:  # noqa: ANN401 - Playwright's
        self.asked.append(request.url)


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """The browser, without a screen."""
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


def moment_of(subscriber: Subscriber, topic: str, timeout_s: float = 40.0) -> float:
    """Wait for the first message on a topic; returns when it came, by `time.monotonic`."""
    found = subscriber.wait_until(
        lambda: next((each for each in list(subscriber.heard) if each.topic == topic), None),
        topic,
        timeout_s,
    )
    return found.at_s


def now_s() -> float:
    """The clock of `moment_of`."""
    return time.monotonic()
