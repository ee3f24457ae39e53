"""Requests of the broker: answered at a bounded rate, refused where they were retained."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
import pytest
import yaml

from aed.bundle import Bundle
from daemon.clips.folder import FOLDER_NAME
from daemon.ears.event_ids import new_event_id
from daemon.health.self_check import SelfCheck
from daemon.outbox.reports import Report
from daemon.requests.actions import SELDOM_S
from daemon.requests.event_store import EventFilter, EventStore
from tests.daemon.fake_clock import FakeClock
from tests.daemon.health.test_self_check import spoilt
from tests.daemon.requests.requesting_home import Home
from tests.daemon.requests.test_asked_thresholds import settings_of
from tests.daemon.requests.test_event_store import payload, report

if TYPE_CHECKING:
    from daemon.viewing.host import PageHost


@pytest.fixture
def home(tmp_path: Path, bundle: Bundle) -> Iterator[Home]:
    home = Home(tmp_path, bundle)
    yield home
    home.close()


def test_a_ping_is_answered_past_the_outbox(home: Home) -> None:
    response = home.ask("ping", {"transaction": 5})

    assert (response["status"], response["transaction"]) == ("ok", 5)
    assert response["data"]["node"] == "test"
    assert home.outbox.size() == (0, 0)


def test_a_retained_request_is_refused(home: Home) -> None:
    home.put("mute", {"for_s": 60}, is_retained=True)
    home.turn()

    ((_, response),) = home.link.reports()
    assert response["status"] == "error"
    assert "retained requests are refused" in str(response["error"])
    assert home.mute.remaining_s == 0


def test_a_mute_is_shown_silences_and_is_over(home: Home) -> None:
    harmless = replace(report(payload("a", critical=False)), critical=False)
    both = [replace(harmless, kind="alert"), harmless]
    assert home.ask("mute", {"for_s": 60})["data"]["until"] == "2023-11-14T22:14:20.000Z"

    assert home.reception.audible(both) == [harmless]
    home.clock.advance(60)
    home.turn()

    assert home.reception.audible(both) == both
    shown = [json.loads(state)["muted"] for topic, state in home.link.states()]
    assert shown == [True, False]


def test_recent_events_are_told_and_an_unknown_node_is_refused(home: Home) -> None:
    home.reception.audible([report(payload("a"))])

    assert [e["event_id"] for e in home.ask("recent_events")["data"]["events"]] == ["a"]
    assert home.ask("recent_events", {"node": "dog"})["data"] == {"events": []}
    later = {"since": "2023-11-14T22:13:20.001Z"}
    assert home.ask("recent_events", later)["data"] == {"events": []}
    error = home.ask("recent_events", {"node": "smoke_alrm"})["error"]
    assert "did you mean 'smoke_alarm'?" in error


def test_a_clip_is_deleted_for_whoever_asks_and_nothing_else_is(home: Home, tmp_path: Path) -> None:
    event_id = new_event_id(home.clock.wall)
    assert home.clips.admit()
    home.clips.write(event_id, np.zeros(16_000, np.int16), is_critical=True)
    home.clips.close()
    (clip,) = (tmp_path / FOLDER_NAME).iterdir()

    other = home.ask("delete_clip", {"event_id": f"../{FOLDER_NAME}/{clip.name}"})
    assert other["data"]["deleted"] is False
    assert clip.exists()
    assert "event_id: missing; wanted" in home.ask("delete_clip")["error"]
    assert home.ask("delete_clip", {"event_id": event_id})["data"] == {
        "event_id": event_id,
        "deleted": True,
    }

    assert not clip.exists()
    assert home.ask("delete_clip", {"event_id": event_id})["data"]["deleted"] is False


def test_what_is_reported_is_remembered_only_after_it_was_given_away_to_be_told(home: Home) -> None:
    now = EventFilter()
    home.reception.audible([report(payload("a"))])
    assert home.events.find(now, limit=1) == []

    home.reception.tick()
    assert [found["event_id"] for found in home.events.find(now, limit=1)] == ["a"]


def test_what_is_reported_last_is_remembered_too(home: Home, tmp_path: Path) -> None:
    home.reception.audible([report(payload("a"))])
    home.reception.forget()

    again = EventStore(tmp_path, clock=home.clock)
    assert [found["event_id"] for found in again.find(EventFilter(), limit=1)] == ["a"]
    again.close()


def test_a_self_test_tells_its_result_and_cannot_be_had_all_the_time(home: Home) -> None:
    response = home.ask("self_test")
    assert response["data"]["passed"]
    assert "between two requests self_test" in home.ask("self_test")["error"]

    home.clock.advance(SELDOM_S)

    assert home.ask("self_test")["status"] == "ok"


def test_a_failed_self_test_is_an_error_and_restarts_as_the_daily_one_would(
    tmp_path: Path, bundle: Bundle
) -> None:
    check = SelfCheck(spoilt(bundle), folder=tmp_path, clock=FakeClock())

    assert not check.run_now().passed
    assert check.must_restart
    check.run_now()
    assert check.must_restart, "the first failure has asked for it"
    heir = SelfCheck(bundle, folder=tmp_path, clock=FakeClock())
    assert heir.run_now().passed
    assert not SelfCheck(spoilt(bundle), folder=tmp_path, clock=FakeClock()).must_restart


def test_bad_settings_are_counted_to_the_broker_and_told_on_the_machine(
    home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    home.where.write_text("nod: x\n")

    response = home.ask("reload")

    assert response["error"].startswith("the settings have 4 faults; on their machine `aed check`")
    fault = "nod: unknown key; did you mean 'node'?"
    assert fault in caplog.text
    home.clock.advance(SELDOM_S)
    answer = home.handler.answer("reload", b"", by="the control socket")
    assert fault in json.loads(answer)["error"]
    assert not home.reload.take()


def test_settings_are_not_read_again_all_the_time(home: Home) -> None:
    home.where.write_text(yaml.safe_dump(settings_of().model_dump(mode="json", exclude_unset=True)))
    assert home.ask("reload")["status"] == "ok"
    assert home.reload.take()

    assert "between two requests reload" in home.ask("reload")["error"]
    assert not home.reload.take()
    home.clock.advance(SELDOM_S)
    assert home.ask("reload")["status"] == "ok"


class FakePage:
    """Notes what whoever looks at the page is told of."""

    def __init__(self) -> None:
        self.noted: list[Report] = []

    def note(self, reports: Sequence[Report]) -> None:
        self.noted += reports

    def tick(self) -> None:
        pass

    def close(self) -> None:
        pass


def test_whoever_looks_at_the_page_is_told_of_events_at_once(home: Home) -> None:
    page = FakePage()
    home.reception._page = cast("PageHost", page)

    home.reception.audible([report(payload("a"))])

    assert [each.event_id for each in page.noted] == ["a"]
