"""What others build on: topics, payloads and their fields. These lists grow only by appending."""

import dataclasses
import json
import re
import time
import uuid

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.clocks import StreamClock, SystemClock, rfc3339
from daemon.ears.event_ids import new_event_id
from daemon.mqtt.payloads import (
    ClassAttributes,
    EventPayload,
    HealthPayload,
    HeartbeatHealth,
    InfoPayload,
    MutePayload,
    SelfTestHealth,
    SourceHealth,
    stamped,
)
from daemon.mqtt.topics import OFF, OFFLINE, ON, ONLINE, Topics
from daemon.sources.state import SourceState
from tests.daemon.fake_clock import FakeClock


def test_topics_are_spelt_as_promised() -> None:
    topics = Topics(node="kitchen")

    assert {
        topics.status,
        topics.hearing,
        topics.info,
        topics.health,
        topics.mute,
        topics.request("ping"),
        topics.response("ping"),
        topics.alert,
        topics.alert_late,
        topics.event,
        topics.source_status("mic"),
        topics.class_state("mic", "smoke_alarm"),
        topics.class_attributes("mic", "smoke_alarm"),
    } == {
        "aed/kitchen/status",
        "aed/kitchen/hearing",
        "aed/kitchen/info",
        "aed/kitchen/health",
        "aed/kitchen/mute",
        "aed/kitchen/request/ping",
        "aed/kitchen/response/ping",
        "aed/kitchen/alert",
        "aed/kitchen/alert/late",
        "aed/kitchen/event",
        "aed/kitchen/source/mic/status",
        "aed/kitchen/source/mic/class/smoke_alarm/state",
        "aed/kitchen/source/mic/class/smoke_alarm/attributes",
    }


def test_words_are_spelt_as_promised() -> None:
    assert (ONLINE, OFFLINE, ON, OFF) == (b"online", b"offline", b"ON", b"OFF")
    assert [str(state) for state in SourceState] == ["online", "silent", "stalled", "offline"]


def test_an_event_has_the_promised_fields_in_order() -> None:
    assert [field.name for field in dataclasses.fields(EventPayload)] == [
        "event_type",
        "event_id",
        "seq",
        "path",
        "phase",
        "score",
        "source",
        "started_at",
        "detected_at",
        "published_at",
        "duration_s",
        "delayed",
        "age_s",
        "pattern",
        "level_dbfs",
        "clip",
        "model",
        "critical",
    ]


def test_attributes_and_info_have_the_promised_fields_in_order() -> None:
    assert [field.name for field in dataclasses.fields(ClassAttributes)] == [
        "event_id",
        "event_type",
        "path",
        "score",
        "pattern",
        "level_dbfs",
        "critical",
        "started_at",
        "detected_at",
        "ended_at",
        "duration_s",
    ]
    assert [field.name for field in dataclasses.fields(InfoPayload)] == [
        "version",
        "node",
        "model",
        "ontology",
        "ontology_digest",
        "sources",
        "classes",
        "reportable",
        "started_at",
    ]


def test_a_mute_has_the_promised_fields_in_order() -> None:
    names = [field.name for field in dataclasses.fields(MutePayload)]

    assert names == ["muted", "until", "critical"]


def test_health_has_the_promised_fields_in_order() -> None:
    assert [field.name for field in dataclasses.fields(HealthPayload)] == [
        "at",
        "uptime_s",
        "problem",
        "sources",
        "inference_mean_ms_per_s",
        "inference_max_ms_per_s",
        "outbox_rows",
        "outbox_bytes",
        "unsaved_reports",
        "broker_reconnects",
        "memory_mb",
        "self_test",
        "heartbeat",
    ]
    assert [field.name for field in dataclasses.fields(SourceHealth)] == [
        "state",
        "reason",
        "heard_s",
        "level_dbfs",
        "lag_s",
        "dropped_s",
        "restarts",
    ]
    assert [field.name for field in dataclasses.fields(SelfTestHealth)] == [
        "at",
        "passed",
        "deviation",
    ]
    assert [field.name for field in dataclasses.fields(HeartbeatHealth)] == ["sent_at", "problem"]


FINITE = st.floats(allow_nan=False, allow_infinity=False)
PAYLOADS = st.builds(
    EventPayload,
    event_type=st.text(),
    event_id=st.uuids().map(str),
    seq=st.integers(1, 10**9),
    path=st.text(),
    phase=st.sampled_from(["start", "update", "end"]),
    score=FINITE,
    source=st.text(),
    started_at=st.text(),
    detected_at=st.text(),
    published_at=st.none() | st.text(),
    duration_s=st.none() | FINITE,
    delayed=st.booleans(),
    age_s=FINITE,
    pattern=st.none() | st.text(),
    level_dbfs=FINITE,
    clip=st.none() | st.text(),
    model=st.text(),
    critical=st.booleans(),
)


@settings(max_examples=60, deadline=None)
@given(PAYLOADS)
def test_a_payload_survives_the_journey_through_json(payload: EventPayload) -> None:
    text = payload.to_json()

    assert EventPayload.from_json(text) == payload
    assert list(json.loads(text)) == [field.name for field in dataclasses.fields(EventPayload)]


@settings(max_examples=30, deadline=None)
@given(PAYLOADS)
def test_stamping_changes_only_what_is_known_on_publishing(payload: EventPayload) -> None:
    text = stamped(payload.to_json(), published_at="now", delayed=True, age_s=1.5)

    expected = dataclasses.replace(payload, published_at="now", delayed=True, age_s=1.5)
    assert text == expected.to_json()


def test_a_payload_of_an_older_aed_can_still_be_stamped() -> None:
    text = stamped(b'{"event_type":"smoke_alarm"}', published_at="now", delayed=False, age_s=0.0)

    assert json.loads(text)["event_type"] == "smoke_alarm"


def test_not_a_number_is_never_published() -> None:
    with pytest.raises(ValueError, match="JSON"):
        stamped(b"{}", published_at="now", delayed=False, age_s=float("nan"))


def test_event_ids_are_uuids_of_version_7_that_sort_by_time() -> None:
    ids = [new_event_id(1_700_000_000 + second) for second in range(50)]

    assert ids == sorted(ids)
    assert len(set(ids)) == 50
    parsed = [uuid.UUID(text) for text in ids]
    assert {(one.version, one.variant) for one in parsed} == {(7, uuid.RFC_4122)}
    assert parsed[0].int >> 80 == 1_700_000_000_000


def test_stream_time_becomes_wall_time_by_the_newest_sample() -> None:
    clock = FakeClock()
    stream_clock = StreamClock(clock)
    clock.advance(10.0)
    stream_clock.mark(4.0)

    assert stream_clock.wall_s(4.0) == clock.wall
    assert stream_clock.wall_s(1.5) == clock.wall - 2.5
    stream_clock.mark(5.0, waited_s=3.0)
    assert stream_clock.wall_s(5.0) == clock.wall - 3.0


def test_times_are_rfc_3339_in_utc() -> None:
    assert rfc3339(1_700_000_000.1234) == "2023-11-14T22:13:20.123Z"
    assert rfc3339(1_700_000_000.0) == "2023-11-14T22:13:20.000Z"


def test_the_machines_clocks_run() -> None:
    clock = SystemClock()

    assert abs(clock.wall_s() - time.time()) < 1
    assert clock.boottime_s() > 0
    assert re.fullmatch(r"[0-9a-f-]{36}|unknown", clock.boot_id)
