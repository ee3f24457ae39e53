"""Makes the pictures of docs/web.md: `python -m tests.system.browser.pictures`."""

import tempfile
from pathlib import Path

from playwright.sync_api import expect

from tests.system.broker import Broker
from tests.system.browser.watched_home import DESKTOP, PHONE, Looker, WatchedHome, chromium
from tests.system.daemon_process import ROOT

FOLDER = ROOT / "docs" / "images"
ALARM_MS = 40_000
MINUTE_MS = 25_000


def main() -> None:
    """Play a part of the demonstration, and take each view at both sizes."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        broker = Broker(Path(folder) / "broker")
        broker.start()
        home = WatchedHome(Path(folder), broker)
        home.start(home.scene(until_s=45.9), node="home", clips={"speech": "keep_critical"})
        desktop = Looker(browser, DESKTOP, color_scheme="light", locale="en-GB").page
        phone = Looker(browser, PHONE, color_scheme="dark", locale="en-GB").page
        for page in (desktop, phone):
            page.goto(home.url)
        expect(desktop.locator("#alarm")).to_contain_text("Smoke alarm", timeout=ALARM_MS)
        desktop.wait_for_timeout(9_000)  # for the rhythm to fill the picture
        for name, page in (("desktop", desktop), ("phone", phone)):
            page.screenshot(path=FOLDER / f"web-live-{name}.png")
        desktop.wait_for_timeout(MINUTE_MS)  # for the recording to be written
        event = home.client.get("/api/events?node=smoke_alarm").data["events"][-1]["event_id"]
        for view in (f"history/{event}", "check", "health", "model"):
            for name, page in (("desktop", desktop), ("phone", phone)):
                page.evaluate(f"location.hash = '#{view}'")
                page.wait_for_timeout(1_500)
                if view == "check":
                    page.get_by_role("button", name="Start").last.click()
                    page.wait_for_timeout(5_000)
                    page.get_by_role("button", name="Stop").click()
                path = FOLDER / f"web-{view.split('/')[0]}-{name}.png"
                page.screenshot(path=path)
        home.stop()
        broker.stop()


if __name__ == "__main__":
    main()
