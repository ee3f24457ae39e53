"""When Home Assistant is told of this aed, and what is taken back."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from aed.bundle import Bundle
from daemon.discovery.discovery import LAST_AGAIN_S, MAX_CUT_OFF, SETTLE_S, WITHHELD_S
from daemon.discovery.memory import FILE_NAME
from tests.daemon.discovery.announced_home import TOPIC, Home, settings_of
from tests.daemon.fake_clock import FakeClock
from tests.daemon.fake_link import alert

BIRTH = "homeassistant/status"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def home(tmp_path: Path, bundle: Bundle, clock: FakeClock) -> Iterator[Home]:
    home = Home(tmp_path, bundle, clock)
    yield home
    home.outbox.close()


def test_it_is_announced_once_the_broker_has_said_what_it_has_and_on_every_connect(
    home: Home,
) -> None:
    run = home.begin()
    run.turn(60.0)
    run.link.connect()
    run.turn()
    run.turn()
    assert run.told() == []

    run.turn(SETTLE_S)
    run.turn(60.0)
    assert len(run.told()) == 1
    assert "class.mic.dog" in run.components()

    run.link.lose()
    run.turn()
    run.link.connect()
    run.turn()
    assert run.told() == [run.told()[0]] * 2


def test_home_assistants_birth_is_answered_soon_but_not_at_once(home: Home) -> None:
    run = home.begin()
    run.connect_and_settle()
    for payload in (b"offline", b"\xff", b""):
        run.link.hear(BIRTH, payload)
    run.turn()
    run.turn(LAST_AGAIN_S)
    assert len(run.told()) == 1

    run.link.hear(BIRTH, b"online")
    run.turn()
    run.turn(0.5)
    assert len(run.told()) == 1
    run.turn(LAST_AGAIN_S)
    run.turn(LAST_AGAIN_S)
    assert run.told() == [run.told()[0]] * 2


def test_prefix_and_birth_topic_are_those_of_the_settings(home: Home) -> None:
    run = home.begin(more="home_assistant: {prefix: ha/disco, birth_topic: ha/birth}")
    run.connect_and_settle()
    run.link.hear("ha/birth", b"online")
    run.turn()
    run.turn(LAST_AGAIN_S)

    topics = [topic for topic, _ in run.link.states()]
    assert topics == ["ha/disco/device/aed_kitchen/config"] * 2


def test_what_new_settings_do_not_have_is_removed_and_comes_back_with_them(
    home: Home, bundle: Bundle
) -> None:
    run = home.begin("mic", "hall")
    run.connect_and_settle()
    before = run.components()

    run.discovery.follow(settings_of("mic", more="classes: [smoke_alarm]"), bundle)
    run.turn()
    now = run.components()
    removed = {key: part for key, part in now.items() if list(part) == ["platform"]}
    assert (
        removed.keys()
        == before.keys() - {key for key in before if "hall" in key or key.endswith(".dog")}
        ^ before.keys()
    )
    assert removed["class.mic.dog"] == {"platform": "binary_sensor"}
    assert removed["source.hall.level"] == {"platform": "sensor"}

    run.discovery.follow(settings_of("mic", "hall", more="classes: [smoke_alarm, dog]"), bundle)
    run.turn()
    assert run.components() == before


def test_what_was_announced_is_remembered_over_a_restart_even_if_the_broker_forgets(
    home: Home,
) -> None:
    home.begin("mic", "hall").connect_and_settle()

    run = home.begin("mic")
    run.connect_and_settle()

    assert run.components()["class.hall.dog"] == {"platform": "binary_sensor"}
    again = home.begin("mic")
    again.connect_and_settle()
    assert again.told() == run.told()


def test_what_the_broker_still_has_is_removed_even_if_the_memory_is_lost(home: Home) -> None:
    first = home.begin("mic", "hall")
    first.connect_and_settle()
    (home.folder / FILE_NAME).write_bytes(b"\xff{")

    run = home.begin("mic")
    run.link.find_retained(TOPIC, first.link.states()[-1][1])
    run.connect_and_settle()

    assert len(run.told()) == 1
    assert run.components()["class.hall.dog"] == {"platform": "binary_sensor"}


def test_whatever_lies_on_the_topic_is_replaced(home: Home) -> None:
    run = home.begin()
    for payload in (b"", b"\xff", b"[[", b'{"origin":{"name":"aed"},"components":3}'):
        run.link.find_retained(TOPIC, payload)
    run.connect_and_settle()

    assert next(iter(run.components())) == "alert"


def test_what_went_while_home_assistant_was_away_is_described_once_more_and_removed(
    home: Home,
) -> None:
    home.begin("mic", "hall").connect_and_settle()
    run = home.begin("mic")
    run.connect_and_settle()
    before = run.components()
    run.greet(BIRTH)

    described, removed = run.told()[-2:]
    assert described["components"].keys() == before.keys()
    gone = described["components"]["class.hall.dog"]
    assert gone["platform"] == "binary_sensor"
    assert gone["unique_id"] == "aed.kitchen.class.hall.dog"
    assert gone["state_topic"] == gone["command_topic"] == "aed/kitchen/request/nothing"
    assert described["components"]["class.mic.dog"] == before["class.mic.dog"]
    assert removed["components"] == before
    num_told = len(run.told())
    run.greet(BIRTH)
    assert len(run.told()) == num_told + 1
    later = home.begin("mic")
    later.link.find_retained(TOPIC, run.link.states()[-1][1])
    later.connect_and_settle()
    assert later.components().keys() == {key for key in before if "hall" not in key}


def test_what_was_described_once_more_is_removed_after_a_kill_too(home: Home) -> None:
    home.begin("mic", "hall").connect_and_settle()
    run = home.begin("mic")
    run.connect_and_settle()
    run.link.hear(BIRTH, b"online")
    run.turn()
    run.turn(LAST_AGAIN_S)
    assert "unique_id" in run.components()["class.hall.dog"]

    next_run = home.begin("mic")
    next_run.connect_and_settle()

    assert next_run.components()["class.hall.dog"] == {"platform": "binary_sensor"}


def test_switched_off_it_takes_the_device_back_and_says_nothing_more(home: Home) -> None:
    home.begin().connect_and_settle()

    off = "home_assistant: {enabled: false}"
    run = home.begin(more=off)
    run.connect_and_settle()
    assert run.told() == [{}]

    later = home.begin(more=off)
    later.connect_and_settle()
    later.greet(BIRTH)
    assert [list(each.get("components", {}))[:1] for each in later.told()] == [[], ["alert"], []]
    assert later.told()[1]["components"]["alert"]["unique_id"] == "aed.kitchen.alert"

    latest = home.begin(more=off)
    latest.connect_and_settle()
    latest.greet(BIRTH)
    assert latest.link.sent == []


def test_switched_off_it_takes_back_what_the_broker_has_though_its_memory_is_lost(
    home: Home,
) -> None:
    first = home.begin()
    first.connect_and_settle()
    (home.folder / FILE_NAME).unlink()

    run = home.begin(more="home_assistant: {enabled: false}")
    run.link.find_retained(TOPIC, first.link.states()[-1][1])
    run.connect_and_settle()

    assert run.told() == [{}]


def test_a_withdrawal_that_the_broker_did_not_get_is_made_up_for(home: Home) -> None:
    home.begin().connect_and_settle()
    off = "home_assistant: {enabled: false}"
    run = home.begin(more=off)
    run.link.connect()
    run.turn()
    run.turn()
    run.turn(SETTLE_S)
    assert run.told() == [{}]

    after_a_kill = home.begin(more=off)
    after_a_kill.connect_and_settle()
    assert after_a_kill.told() == [{}]


def test_a_broker_that_forbids_it_does_not_keep_alerts_from_arriving(
    home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    run = home.begin()
    for _ in range(MAX_CUT_OFF):
        run.link.connect()
        run.turn()
        run.turn()
        run.turn(SETTLE_S)
        run.turn()
        run.link.lose()
        run.turn()
        run.turn()
    assert len(run.told()) == MAX_CUT_OFF
    assert "probably it forbids that" in caplog.text

    run.publisher.report(alert("x"))
    run.link.connect()
    run.turn()
    run.turn(60.0)
    assert len(run.told()) == MAX_CUT_OFF
    assert run.link.reports()
    run.link.acknowledge_all()
    run.turn(WITHHELD_S)
    assert len(run.told()) == MAX_CUT_OFF + 1
    run.link.acknowledge_all()
    run.turn()
    assert caplog.text.count("probably it forbids that") == 1


def test_a_bad_network_is_not_taken_for_a_ban(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    run = home.begin()
    for number in range(4 * MAX_CUT_OFF):
        run.link.connect()
        run.turn()
        run.turn(SETTLE_S)
        if number % MAX_CUT_OFF == 0:
            run.link.acknowledge_all()
            run.turn()
            run.turn()
        run.link.lose()
        run.turn()
        run.turn()

    assert "forbids" not in caplog.text


def test_a_language_that_the_ontology_does_not_speak_is_said(
    home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    home.begin(more="home_assistant: {language: de}")
    home.begin(more="home_assistant: {language: en-GB}")
    home.begin(more="home_assistant: {language: fr, enabled: false}")
    assert caplog.text == ""

    home.begin(more="home_assistant: {language: fr}")
    assert "has no names in 'fr'" in caplog.text
