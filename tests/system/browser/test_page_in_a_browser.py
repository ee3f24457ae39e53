"""What people see: the scene plays, the tree lights up, the alert appears, history explains it."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("playwright", reason="the browser is driven by playwright (test extra)")

from playwright.sync_api import Browser, Page, expect

from daemon.page.passwords import PasswordHash
from tests.system.broker import HOST, Broker, Subscriber
from tests.system.browser.watched_home import (
    DESKTOP,
    PHONE,
    Looker,
    WatchedHome,
    chromium,
    moment_of,
    now_s,
)
from tests.system.daemon_process import ROOT, LoudSource
from tests.system.test_run import TOPICS

pytestmark = [pytest.mark.browser, pytest.mark.mosquitto]

SOON_MS = 15_000
IS_LOUD = "Number.parseInt(document.querySelector('.level .number')?.textContent) > -20"
IS_DRAWN = """() => {
  const canvas = document.querySelector('.spectrogram canvas');
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  const colours = new Set();
  for (let at = 0; at < data.length; at += 4) colours.add(`${data[at]},${data[at + 1]}`);
  return colours.size > 50;
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def home(tmp_path: Path, broker: Broker) -> Iterator[WatchedHome]:
    home = WatchedHome(tmp_path, broker)
    yield home
    home.stop()


def test_the_scene_is_seen_as_it_sounds_and_history_says_why(
    home: WatchedHome, browser: Browser, subscriber: Subscriber
) -> None:
    scene = home.scene(from_s=15.0, until_s=27.0, repeats=False)
    home.start(scene, clips={"speech": "keep_critical"})
    looker = Looker(browser, DESKTOP)
    page = looker.page
    page.goto(home.url)

    alerted_s = moment_of(subscriber, TOPICS.alert)
    alarm = page.locator("#alarm")
    expect(alarm).to_contain_text("Smoke alarm", timeout=2_000)
    assert now_s() - alerted_s < 2.0
    expect(page.locator(".node.on", has_text="Smoke alarm")).to_be_visible(timeout=3_000)
    expect(page.locator("tbody th", has_text="Smoke alarm").first).to_be_visible()
    assert page.evaluate(IS_DRAWN)
    expect(page.locator(".pill", has_text="✓ broker")).to_be_visible()

    alarm.get_by_role("link").click()
    detail = page.get_by_role("region", name="The event")
    path = "Alarm \u203a Life-safety alarm \u203a Smoke alarm"
    expect(detail).to_contain_text(path, timeout=SOON_MS)
    expect(detail).to_contain_text("T3: three pulses")
    expect(page.locator("audio")).to_be_visible(timeout=30_000)  # once the alarm has ended
    page.get_by_role("button", name="Explain it").click()
    expect(detail.locator("figcaption")).to_contain_text("of the recording", timeout=30_000)
    page.evaluate("document.querySelector('audio').play()")
    wait_until(page, "document.querySelector('audio').currentTime > 0.2")
    detail.get_by_text("This was wrong", exact=True).click()
    detail.get_by_label("In truth it was").select_option("timer_beep")
    detail.get_by_role("button", name="Keep").click()
    expect(detail.get_by_role("status")).to_contain_text("Kept, with its recording")
    (kept,) = home.client.get("/api/mistakes").data["mistakes"]
    assert (kept["kind"], kept["label"]) == ("false_alarm", "timer_beep")
    assert looker.complaints == []
    assert {url.split("/")[2] for url in looker.asked} == {f"{HOST}:{home.port}"}


def test_sound_is_on_the_screen_within_a_second(
    home: WatchedHome, browser: Browser, loud_source: LoudSource
) -> None:
    home.start(loud_source.settings())
    page = Looker(browser, DESKTOP).page
    page.goto(home.url)
    expect(page.locator(".level .number")).to_contain_text("-61", timeout=SOON_MS)
    frames = page.evaluate(
        "new Promise((done) => import('/static/store.js').then(({ store }) => {"
        " let n = 0; store.addEventListener('frame', () => { n += 1; });"
        " setTimeout(() => done(n), 2000); }))"
    )

    delays_s = []
    for _ in range(3):
        began_s = now_s()
        loud_source.be_loud()
        wait_until(page, IS_LOUD)
        delays_s.append(now_s() - began_s)
        loud_source.be_quiet()
        expect(page.locator(".level .number")).to_contain_text("-61", timeout=SOON_MS)

    assert max(delays_s) < 1.0, delays_s
    assert frames >= 16
    print(
        f"sound to screen: {[round(each, 2) for each in delays_s]} s, {frames / 2} frames a second"
    )


def test_a_kill_of_the_daemon_is_shown_and_its_restart_survived(
    home: WatchedHome, browser: Browser, loud_source: LoudSource
) -> None:
    daemon = home.start(loud_source.settings())
    page = Looker(browser, PHONE).page
    page.goto(home.url)
    expect(page.locator(".level .number")).to_contain_text("dBFS", timeout=SOON_MS)

    daemon.kill()
    expect(page.locator("#banner")).to_contain_text("Not connected", timeout=SOON_MS)
    daemon.start()
    expect(page.locator("#banner")).to_be_hidden(timeout=SOON_MS)
    loud_source.be_loud()

    wait_until(page, IS_LOUD)


def test_the_password_gate_holds_and_opens(
    home: WatchedHome, browser: Browser, loud_source: LoudSource, tmp_path: Path
) -> None:
    path = tmp_path / "web-password"
    path.write_text(PasswordHash.of("correct horse").to_text())
    home.start(loud_source.settings(), web={"port": home.port, "password_file": str(path)})
    page = Looker(browser, PHONE).page

    page.goto(home.url + "#history")
    expect(page.get_by_label("Password")).to_be_focused()
    assert page.evaluate("fetch('/api/describe').then((answer) => answer.status)") == 401
    page.keyboard.type("incorrect")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("not the password", timeout=SOON_MS)
    page.get_by_label("Password").fill("correct horse")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="What it hears now")).to_be_visible(timeout=SOON_MS)
    page.get_by_role("button", name="Log out").click()

    expect(page.get_by_label("Password")).to_be_visible()
    assert page.evaluate("fetch('/api/describe').then((answer) => answer.status)") == 401


def test_the_guided_checks_tell_a_good_microphone_and_a_smoke_alarm(
    home: WatchedHome, browser: Browser
) -> None:
    home.start(home.scene(from_s=14.0, until_s=40.0))
    looker = Looker(browser, PHONE, reduced_motion="reduce", color_scheme="dark")
    page = looker.page
    page.goto(home.url + "#check")
    expect(page.locator(".check")).to_have_count(2, timeout=SOON_MS)
    alarm, quiet = page.locator(".check").all()
    alarm.get_by_role("button", name="Start").click()
    quiet.get_by_role("button", name="Start").click()

    expect(alarm.get_by_role("status")).to_contain_text(
        "Heard and reported as Smoke alarm", timeout=40_000
    )
    quiet.get_by_role("button", name="Stop").click()
    expect(quiet.get_by_role("status")).to_contain_text("Floor -")
    assert looker.complaints == []


def test_axe_finds_nothing_and_nothing_is_wider_than_the_screen(
    home: WatchedHome, browser: Browser
) -> None:
    axe = axe_script()
    home.start(home.scene(from_s=15.0, until_s=24.0))
    # axe is put into the page by hand, which its policy forbids to everybody else.
    pages = [
        Looker(browser, size, color_scheme=scheme, bypass_csp=True).page
        for size, scheme in ((DESKTOP, "light"), (PHONE, "dark"))
    ]
    for page in pages:
        page.goto(home.url)
    for page in pages:
        expect(page.locator("#alarm")).to_be_visible(timeout=30_000)
    event = home.client.get("/api/events?critical=true").data["events"][0]["event_id"]

    found = []
    for page in pages:
        for view in ("live", "history", f"history/{event}", "check", "health", "model"):
            page.evaluate(f"location.hash = '#{view}'")
            tab = page.locator("nav a[aria-current]")
            expect(tab).to_have_attribute("href", "#" + view.split("/")[0])
            page.wait_for_timeout(400)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), view
            page.evaluate(f"typeof axe === 'undefined' && (0, eval)({json.dumps(axe)})")
            result = page.evaluate("axe.run()")
            assert len(result["passes"]) > 10, view
            found += [
                (view, each["id"], [node["html"][:90] for node in each["nodes"][:3]])
                for each in result["violations"]
            ]

    assert found == []


def wait_until(page: Page, condition: str, timeout_s: float = 15.0) -> None:
    """Ask until something is true; `wait_for_function` is what the page's policy forbids."""
    deadline_s = now_s() + timeout_s
    while not page.evaluate(condition):
        assert now_s() < deadline_s, condition
        page.wait_for_timeout(20)


def axe_script() -> str:
    """axe-core, from npm."""
    if shutil.which("npm") is None:
        pytest.skip("no npm on PATH, by which axe-core comes")
    folder = ROOT / "build" / "axe"
    script = folder / "node_modules" / "axe-core" / "axe.min.js"
    if not script.exists():
        folder.mkdir(parents=True, exist_ok=True)
        words = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder)]
        subprocess.run([*words, "axe-core@4.10"], check=True, timeout=120)
    return script.read_text()
