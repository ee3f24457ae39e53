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


def test_a_chirp_does_not_silence_an_alarm_whose_kind_is_unsure() -> None:
    chirp = sounding(0.5, low_battery_chirp=0.95, alarm=0.95)
    rows = [*chirp, *quiet(39.5), *chirp, *quiet(14.5), *sounding(20, life_safety=0.97), *quiet(5)]

    called = [(event.node, event.detected_s) for event in track(rows, home()) if event.alert_now]

    assert [node for node, _ in called] == ["low_battery_chirp", "life_safety"]
    assert 55 < called[-1][1] < 58


def test_whoever_was_called_for_the_door_is_called_for_an_alarm_too() -> None:
    rows = [*sounding(1, doorbell=0.95), *sounding(60, alarm=0.9)]

    called = [event.node for event in track([*rows, *quiet(9)], home()) if event.alert_now]

    assert called == ["doorbell", "alarm"]


def test_a_hum_after_an_alarm_does_not_silence_the_next_one() -> None:
    hum = sounding(3600, alarm=0.35)  # between the thresholds
    rows = [*sounding(5, smoke_alarm=0.9), *hum, *sounding(60, life_safety=0.9)]

    assert alerts(rows) == [("smoke_alarm", True), ("life_safety", True)]


def test_a_leaf_that_hums_on_does_not_swallow_the_next_alarm() -> None:
    hum = sounding(3600, smoke_alarm=0.35)
    rows = [*sounding(5, smoke_alarm=0.9), *hum, *sounding(60, smoke_alarm=0.9)]

    called = [(e.node, e.detected_s) for e in track([*rows, *quiet(9)]) if e.alert_now]

    assert called == [("smoke_alarm", 0.5), ("smoke_alarm", 3605.5)]


def test_a_carbon_monoxide_alarm_of_an_unsure_kind_is_told_all_the_same() -> None:
    group = [*sounding(0.7, life_safety=0.97), *quiet(5)]

    called = [event.node for event in track(group * 20, home()) if event.alert_now]

    assert called
    assert called[0] in ("alarm", "life_safety")
