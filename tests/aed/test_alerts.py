"""When a person's attention is called for, and that alarms of the home are not torn apart."""

from ontology import home
from tests.aed.house import ends, track
from tests.aed.tables import Row, quiet, sounding


def alerts(rows: list[Row]) -> list[tuple[str, bool]]:
    return [(e.node, e.critical) for e in track([*rows, *quiet(3)]) if e.alert_now]


def test_a_sure_critical_leaf_alerts_once() -> None:
    assert alerts(sounding(5, smoke_alarm=0.9)) == [("smoke_alarm", True)]


def test_a_refined_alarm_alerts_once_more_at_the_critical_leaf() -> None:
    rows = [*sounding(2, alarm=0.9), *sounding(2, smoke_alarm=0.9)]

    assert alerts(rows) == [("alarm", False), ("smoke_alarm", True)]


def test_the_alert_of_the_leaf_is_not_used_up_on_the_way_to_it() -> None:
    rows = [*sounding(2, alarm=0.9), *sounding(2, life_safety=0.9), *sounding(2, co_alarm=0.9)]

    assert alerts(rows) == [("alarm", False), ("life_safety", True), ("co_alarm", True)]
    assert alerts(rows[20:]) == [("life_safety", True), ("co_alarm", True)]


def test_a_node_without_a_policy_alerts_nobody() -> None:
    assert alerts(sounding(2, speech=0.9)) == []
    assert alerts(sounding(2, timer_beep=0.9)) == []


def test_a_policy_reached_by_refinement_alerts_then() -> None:
    assert alerts([*sounding(2, person=0.9), *sounding(2, scream=0.9)]) == [("scream", False)]


def test_a_harmless_leaf_of_a_reported_alarm_does_not_alert_again() -> None:
    rows = [*sounding(2, alarm=0.9), *sounding(2, timer_beep=0.9)]

    assert alerts(rows) == [("alarm", False)]


def test_the_pause_of_t3_does_not_split_a_smoke_alarm() -> None:
    pulse = [*sounding(0.5, smoke_alarm=0.9), *quiet(0.5)]
    cycle = [*pulse * 3, *quiet(1)]

    assert ends(track(cycle * 5, home())) == [("smoke_alarm", 0.0, 18.5)]


def test_the_pause_of_t4_does_not_split_a_co_alarm() -> None:
    cycle = [*sounding(0.7, co_alarm=0.9), *quiet(5)]

    assert ends(track(cycle * 4, home())) == [("co_alarm", 0.0, 17.8)]


def test_chirps_of_one_battery_are_one_event() -> None:
    cycle = [*sounding(0.3, low_battery_chirp=0.9), *quiet(40)]

    assert ends(track(cycle * 3, home())) == [("low_battery_chirp", 0.0, 80.9)]


def test_a_burst_of_glass_is_reported_within_half_a_second() -> None:
    rows = [*quiet(5), *sounding(0.3, window_glass=0.9), *quiet(5)]

    start = track(rows, home())[0]

    assert (start.node, start.critical, start.alert_now) == ("window_glass", True, True)
    assert start.detected_s - start.onset_s <= 0.5


def test_an_alarm_that_becomes_critical_without_a_leaf_alerts_once_more() -> None:
    rows = [*sounding(2, alarm=0.9), *sounding(2, life_safety=0.9)]

    assert alerts(rows) == [("alarm", False), ("life_safety", True)]


def test_what_lasts_after_a_critical_event_calls_nobody_again() -> None:
    over_it = [*sounding(60, alarm=0.5), *sounding(20, smoke_alarm=0.9), *sounding(60, alarm=0.5)]
    since_then = [*sounding(20, smoke_alarm=0.9), *sounding(60, alarm=0.5)]

    assert alerts(over_it) == [("alarm", False), ("smoke_alarm", True)]
    assert alerts(since_then) == [("smoke_alarm", True)]


def test_what_pulses_on_after_a_critical_event_calls_nobody_again() -> None:
    pulses = [*sounding(0.6, alarm=0.5), *quiet(0.6)] * 50

    assert alerts([*pulses, *sounding(20.3, smoke_alarm=0.9), *pulses]) == [
        ("alarm", False),
        ("smoke_alarm", True),
    ]


def test_what_falls_quiet_and_comes_back_calls_again() -> None:
    alarm = sounding(20, alarm=0.5)

    assert alerts([*sounding(5, smoke_alarm=0.9), *alarm, *quiet(3), *alarm]) == [
        ("smoke_alarm", True),
        ("alarm", False),
    ]


def test_what_lasts_after_a_harmless_event_calls_again_once_it_is_critical() -> None:
    rows = [*sounding(5, timer_beep=0.9, alarm=0.9), *sounding(20, alarm=0.5)]

    assert alerts([*rows, *sounding(5, co_alarm=0.9)]) == [("alarm", False), ("co_alarm", True)]
