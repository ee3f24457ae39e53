"""What somebody at home sees in a real Home Assistant, and what calls them."""

import itertools
import json
import re
import time
from collections.abc import Sequence

import pytest
from paho.mqtt import publish

from tests.system.broker import HOST
from tests.system.home_assistant.conftest import TOPICS, Home

pytestmark = [pytest.mark.home_assistant, pytest.mark.mosquitto, pytest.mark.torch]

SMOKE = "binary_sensor.aed_hall_mic_smoke_alarm"
ALERT = "event.aed_hall_alert"
PROBLEM = "binary_sensor.aed_hall_problem"
MUTE = "switch.aed_hall_mute"
CALL = "seen/critical_sound_heard"
LIGHT = "seen/light_the_way_out"

COMPLAINT = re.compile(
    r" (WARNING|ERROR) .*\[homeassistant\.(helpers|components\.(?!mqtt\.client))"
)
"""Of a connection that is lost its client may complain: the tests see to that."""

ORDERS = list(itertools.permutations(("broker", "aed", "assistant")))


def test_entities_appear_with_names_classes_and_states(home: Home) -> None:
    home.assistant.wait_for(SMOKE, "off")
    home.assistant.wait_until(lambda: home.assistant.state(MUTE), "all entities")
    states = home.assistant.states()

    ours = {name: each["attributes"] for name, each in states.items() if "aed_hall" in name}
    names = {name: each["friendly_name"] for name, each in ours.items()}
    assert names.items() >= {
        (SMOKE, "aed hall Smoke alarm"),
        ("binary_sensor.aed_hall_mic_co_alarm", "aed hall Carbon monoxide alarm"),
        ("binary_sensor.aed_hall_mic_window_glass", "aed hall Breaking window glass"),
        (ALERT, "aed hall Alert"),
        (PROBLEM, "aed hall Problem"),
        (MUTE, "aed hall Mute alerts"),
        ("button.aed_hall_self_test", "aed hall Run self-test"),
        ("sensor.aed_hall_last_self_test", "aed hall Last self-test"),
        ("sensor.aed_hall_mic_level", "aed hall Level"),
        ("sensor.aed_hall_queue", "aed hall Waiting reports"),
    }
    classes = {name: each.get("device_class") for name, each in ours.items()}
    assert classes.items() >= {
        (SMOKE, "smoke"),
        ("binary_sensor.aed_hall_mic_co_alarm", "carbon_monoxide"),
        ("binary_sensor.aed_hall_mic_window_glass", "safety"),
        ("binary_sensor.aed_hall_mic_doorbell", "sound"),
        (PROBLEM, "problem"),
        ("sensor.aed_hall_last_self_test", "timestamp"),
        ("sensor.aed_hall_mic_heard", "duration"),
    }
    (info,) = (json.loads(payload) for payload in home.watcher.topic(TOPICS.info))
    assert ours[ALERT]["event_types"] == info["reportable"]
    home.assistant.wait_for(PROBLEM, "off")
    device = f"device_id('{SMOKE}')"
    assert home.assistant.render(f"{{{{ device_attr({device}, 'name') }}}}") == "aed hall"
    assert (
        home.assistant.render(f"{{{{ device_attr({device}, 'sw_version') }}}}") == info["version"]
    )
    assert complaints(home) == []


def test_an_alarm_is_on_then_off_and_calls_once(home: Home) -> None:
    before = len(home.acts())
    sound_an_alarm(home)

    attributes = home.assistant.states()[SMOKE]["attributes"]
    assert attributes["path"] == "alarm/life_safety/smoke_alarm"
    assert attributes["critical"] is True
    alert = home.assistant.states()[ALERT]["attributes"]
    assert alert["event_type"] == "smoke_alarm"
    assert alert["event_id"] == attributes["event_id"]
    assert sorted(home.acts()[before:]) == [CALL, LIGHT]


def test_sounds_are_unavailable_without_their_microphone_and_what_tells_of_it_is_not(
    home: Home,
) -> None:
    home.assistant.wait_for(SMOKE, "off")
    home.unplug()

    home.assistant.wait_for(SMOKE, "unavailable")
    home.assistant.wait_for(ALERT, "unavailable")
    home.assistant.wait_for(PROBLEM, "on")
    problem = home.assistant.states()[PROBLEM]["attributes"]["problem"]
    assert problem.startswith("source mic is offline")
    home.source.plug_in()
    home.assistant.wait_for(SMOKE, "off")
    home.assistant.wait_for(PROBLEM, "off")
    assert home.assistant.state(ALERT) != "unavailable"


def test_everything_is_unavailable_after_a_sudden_death_and_back_after_a_start(home: Home) -> None:
    home.assistant.wait_for(SMOKE, "off")
    home.aed.kill()

    for entity in (SMOKE, ALERT, PROBLEM, MUTE):
        home.assistant.wait_for(entity, "unavailable")
    home.aed.start()
    home.assistant.wait_for(SMOKE, "off")
    home.assistant.wait_for(PROBLEM, "off")


@pytest.mark.parametrize("order", ORDERS, ids="-".join)
def test_after_a_restart_of_all_in_any_order_all_is_back_and_nothing_old_fires(
    home: Home, order: Sequence[str]
) -> None:
    sound_an_alarm(home)
    last_alert = home.assistant.state(ALERT)
    before = len(home.acts())

    for name in reversed(order):
        home.part(name).stop()
    begin_s = time.monotonic()
    for name in order:
        home.part(name).start()
    started_s = time.monotonic()

    home.assistant.wait_for(SMOKE, "off")
    home.assistant.wait_for(PROBLEM, "off")
    back_s = time.monotonic()
    # What was unavailable when Home Assistant was stopped is unknown to it afterwards.
    assert home.assistant.state(ALERT) in (last_alert, "unknown")
    assert home.acts()[before:] == []
    sound_an_alarm(home)
    assert sorted(home.acts()[before:]) == [CALL, LIGHT]
    home.notes.append(
        f"{', '.join(order)} started in {started_s - begin_s:.1f} s; all back "
        f"{back_s - started_s:.1f} s later"
    )


@pytest.mark.parametrize("name", ["broker", "aed", "assistant"])
def test_one_part_that_dies_and_returns_brings_nothing_old_with_it(home: Home, name: str) -> None:
    sound_an_alarm(home)
    last_alert = home.assistant.state(ALERT)
    before = len(home.acts())

    home.part(name).kill()
    if name != "assistant":
        home.assistant.wait_for(SMOKE, "unavailable")
    home.part(name).start()

    seconds = home.assistant.wait_for(SMOKE, "off")
    home.notes.append(f"{name} killed and started: back {seconds:.1f} s after its start")
    home.assistant.wait_until(lambda: home.assistant.state(ALERT) != "unavailable", "the event")
    assert home.assistant.state(ALERT) in (last_alert, "unknown")
    assert home.acts()[before:] == []
    sound_an_alarm(home)
    assert sorted(home.acts()[before:]) == [CALL, LIGHT]


def test_the_switch_and_the_button_ask_aed_and_the_switch_shows_what_it_answers(
    home: Home,
) -> None:
    home.assistant.wait_for(SMOKE, "off")
    home.assistant.act("switch.turn_on", entity_id=MUTE)
    home.assistant.act("button.press", entity_id="button.aed_hall_self_test")

    requests = home.watcher.wait_until(
        lambda: (
            home.watcher.topic(TOPICS.request("self_test"))
            and home.watcher.topic(TOPICS.request("mute"))
        ),
        "both requests",
    )
    assert json.loads(requests[-1]) == {"for_s": 3600}
    for is_muted, state in ((True, "on"), (False, "off")):
        payload = json.dumps({"muted": is_muted, "until": None})
        publish.single(TOPICS.mute, payload, retain=True, hostname=HOST, port=home.broker.port)
        home.assistant.wait_for(MUTE, state)


def test_another_language_changes_names_and_no_ids(home: Home) -> None:
    home.assistant.wait_for(SMOKE, "off")
    before = home.assistant.states().keys()
    home.aed.reload(home_assistant={"language": "de"})

    home.assistant.wait_until(
        lambda: (
            home.assistant.states()[SMOKE]["attributes"]["friendly_name"] == "aed hall Rauchmelder"
        ),
        "a German name",
    )
    home.assistant.wait_for(SMOKE, "off")
    assert home.assistant.states().keys() == before
    home.aed.reload(home_assistant={})
    home.assistant.wait_until(
        lambda: "Smoke" in home.assistant.states()[SMOKE]["attributes"]["friendly_name"], "English"
    )


def test_a_source_comes_and_goes_with_its_entities(home: Home) -> None:
    attic = "binary_sensor.aed_hall_attic_smoke_alarm"
    home.assistant.wait_for(SMOKE, "off")
    before = home.assistant.states().keys()
    home.aed.reload(sources=[home.source.settings(), home.source.settings("attic")])
    home.assistant.wait_for(attic, "off")
    attributes = home.assistant.states()[attic]["attributes"]
    assert attributes["friendly_name"] == "aed hall Smoke alarm (attic)"

    home.aed.reload(sources=[home.source.settings()])

    home.assistant.wait_until(lambda: home.assistant.states().keys() == before, "the attic gone")


def test_switched_off_the_device_goes_and_switched_on_it_returns(home: Home) -> None:
    home.assistant.wait_for(SMOKE, "off")
    before = home.assistant.states().keys()
    home.aed.reload(home_assistant={"enabled": False})

    home.assistant.wait_until(
        lambda: not any("aed_hall" in name for name in home.assistant.states()), "all gone"
    )
    home.aed.reload(home_assistant={})
    home.assistant.wait_for(SMOKE, "off")
    home.assistant.wait_until(lambda: home.assistant.states().keys() == before, "all back")


def test_what_goes_while_home_assistant_is_switched_off_goes_too(home: Home) -> None:
    attic = "binary_sensor.aed_hall_attic_smoke_alarm"
    home.assistant.wait_for(SMOKE, "off")
    before = home.assistant.states().keys()
    home.aed.reload(sources=[home.source.settings(), home.source.settings("attic")])
    home.assistant.wait_for(attic, "off")
    home.assistant.stop()
    home.aed.reload(sources=[home.source.settings()])
    home.watcher.wait_until(
        lambda: home.watcher.topic(TOPICS.source_status("attic"))[-1] == b"offline", "no attic"
    )
    home.assistant.start()

    assert home.assistant.state(attic) == "unavailable"
    home.assistant.wait_for(SMOKE, "off")
    home.assistant.wait_until(lambda: home.assistant.states().keys() == before, "the attic gone")
    home.assistant.stop()
    home.aed.reload(home_assistant={"enabled": False})
    home.watcher.wait_until(
        lambda: home.watcher.topic(TOPICS.discovery("homeassistant"))[-1] == b"", "withdrawn"
    )
    home.assistant.start()
    home.assistant.wait_until(
        lambda: not any("aed_hall" in name for name in home.assistant.states()), "all gone"
    )
    assert complaints(home) == []


def sound_an_alarm(home: Home) -> None:
    """Let the alarm sound until it is seen and somebody called, then until it is over."""
    home.assistant.wait_for(SMOKE, "off")
    before = len(home.acts())
    home.source.be_loud()
    seconds = home.assistant.wait_for(SMOKE, "on")
    home.assistant.wait_until(lambda: {CALL, LIGHT} <= {*home.acts()[before:]}, "both acts")
    home.source.be_quiet()
    home.notes.append(
        f"alarm: on after {seconds:.1f} s, off after {home.assistant.wait_for(SMOKE, 'off'):.1f} s"
    )


def complaints(home: Home) -> list[str]:
    """Lines of its log in which Home Assistant finds fault with what it is told."""
    return [line for line in home.assistant.log.splitlines() if COMPLAINT.search(line)]
