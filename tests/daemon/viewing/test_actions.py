"""What the page may ask for: it looks, and keeps what was wrong; nothing else happens."""

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aed.bundle import Bundle
from daemon.outbox.reports import Report
from daemon.requests.event_store import EventStore
from daemon.requests.handler import RequestHandler
from daemon.requests.mute import Mute
from daemon.settings.file import parse_settings
from daemon.viewing.actions import PageActions
from daemon.viewing.live_feed import LiveFeed
from daemon.viewing.log_tail import LogTail
from tests.daemon.fake_clock import FakeClock
from tests.daemon.settings.test_models import GOOD

if TYPE_CHECKING:
    from daemon.health.health import Health

EVENT_ID = "01a21f8d-e92a-746e-a50d-3ae5810d27d8"
STARTED, DETECTED = "2026-11-28T00:28:42.000Z", "2026-11-28T00:28:43.700Z"


class Asked:
    """The requests, with nothing that hears behind them."""

    def __init__(self, folder: Path, bundle: Bundle) -> None:
        clock = FakeClock()
        self.folder = folder
        self.events = EventStore(folder, clock=clock)
        self.feed = LiveFeed([], clock=clock)
        actions = PageActions(
            parse_settings(f"{GOOD}clips: {{}}\n", where=folder / "settings.yaml"),
            bundle,
            where=folder / "settings.yaml",
            ears=[],
            folder=folder,
            feed=self.feed,
            health=cast("Health", SimpleNamespace()),
            mute=Mute(folder, is_for_critical=False, ontology=bundle.ontology, clock=clock),
            events=self.events,
            log=LogTail(),
            clock=clock,
        )
        self.handler = RequestHandler(actions.requests())

    def ask(self, name: str, **data: object) -> dict[str, Any]:
        line = json.dumps({"request": name, "data": data}).encode()
        response: dict[str, Any] = json.loads(self.handler.answer_line(line, by="a test"))
        return response

    def rows(self) -> list[dict[str, Any]]:
        path = self.folder / "mistakes.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def hear(self) -> None:
        """Remember an alarm, with its clip."""
        body = {
            "event_id": EVENT_ID,
            "path": "alarm/life_safety/smoke_alarm",
            "source": "mic",
            "started_at": STARTED,
            "detected_at": DETECTED,
            "score": 0.97,
            "duration_s": 12.0,
        }
        report = Report(
            kind="event",
            event_id=EVENT_ID,
            seq=1,
            critical=True,
            body=json.dumps(body).encode(),
        )
        self.events.note([report])
        (self.folder / "clips").mkdir()
        (self.folder / "clips" / f"{EVENT_ID}.critical.flac").write_bytes(b"fLaC")


@pytest.fixture
def asked(tmp_path: Path, bundle: Bundle) -> Iterator[Asked]:
    asked = Asked(tmp_path, bundle)
    yield asked
    asked.events.close()


def test_a_false_alarm_is_kept_with_its_clip_and_what_was_heard(asked: Asked) -> None:
    asked.hear()

    told = asked.ask("note_mistake", kind="false_alarm", event_id=EVENT_ID, label="timer_beep")

    assert told["data"] == {"has_clip": True}
    (row,) = asked.rows()
    assert row["path"] == f"clips/{EVENT_ID}.critical.flac"
    assert (row["label"], row["heard"]) == ("timer_beep", "alarm/life_safety/smoke_alarm")
    assert (row["group"], row["duration_s"], row["at"]) == ("home:kitchen:mic", 12.0, STARTED)
    assert asked.ask("mistakes")["data"]["mistakes"][0]["event_id"] == EVENT_ID


def test_what_names_no_event_node_or_source_is_refused(asked: Asked) -> None:
    at = "2026-11-28T00:28:42Z"

    for data in (
        {"kind": "false_alarm", "event_id": EVENT_ID},
        {"kind": "missed", "label": "smoke_alarn", "at": at},
        {"kind": "missed", "label": "smoke_alarm", "at": at, "source": "attic"},
        {"kind": "missed", "label": "smoke_alarm", "at": "2026-11-28T00:28:42"},
    ):
        assert asked.ask("note_mistake", **data)["status"] == "error", data
    assert asked.rows() == []


def test_the_clip_of_an_event_is_found_with_the_moment_to_explain(asked: Asked) -> None:
    assert "no clip" in asked.ask("clip", event_id=EVENT_ID)["error"]
    asked.hear()

    found = asked.ask("clip", event_id=EVENT_ID)["data"]

    assert Path(found["path"]).read_bytes() == b"fLaC"
    assert found["at_s"] == pytest.approx(5.0 + 1.7)
    assert asked.ask("clip", event_id="../../etc/passwd")["status"] == "error"


def test_whoever_subscribes_watches_and_nobody_else_does(asked: Asked) -> None:
    assert asked.ask("describe")["data"]["node"] == "kitchen"
    assert not asked.feed.take_subscription()
    asked.ask("subscribe")
    assert asked.feed.take_subscription()


WORDS = st.sampled_from(["false_alarm", "missed", EVENT_ID, "smoke_alarm", "mic", "2026-11-28T00Z"])
VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=600) | WORDS
KEYS = st.sampled_from(["kind", "event_id", "label", "source", "at", "note", "by", "path"])


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(KEYS, VALUES))
def test_whatever_is_said_to_be_wrong_is_kept_whole_or_not_at_all(
    tmp_path_factory: pytest.TempPathFactory, bundle: Bundle, data: dict[str, object]
) -> None:
    asked = Asked(tmp_path_factory.mktemp("asked"), bundle)

    told = asked.ask("note_mistake", **data)

    assert told["error"] != "aed has a fault there; its log says more"
    rows = asked.rows()
    assert len(rows) == (told["status"] == "ok")
    for row in rows:
        assert row["label"] in {None, *bundle.labels.nodes}
        assert row["path"] is None
    asked.events.close()
