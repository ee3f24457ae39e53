"""Events from tables of posteriors written by hand: one test per rule."""

import pytest

from tests.aed.house import HOUSE, ends, phases, track, tracker
from tests.aed.tables import quiet, sounding, table


def test_an_event_starts_after_its_dwell_and_ends_where_it_fell() -> None:
    start, end = track([*quiet(2), *sounding(3, speech=0.9), *quiet(4)])

    assert (start.phase, start.node, start.path) == ("start", "speech", "person/speech")
    assert (start.onset_s, start.offset_s) == (2.0, None)
    assert start.first_detected_s == start.detected_s == 2.5
    assert (end.phase, end.onset_s, end.offset_s, end.detected_s) == ("end", 2.0, 5.0, 2.5)
    assert end.score == pytest.approx(0.9)
    assert end.level_dbfs == -30.0
    assert end.pattern is None


def test_an_end_is_told_when_the_hold_is_over() -> None:
    tracking = tracker()
    rows = [*sounding(1, speech=0.9), *quiet(2)]

    told = [
        (frame, event.phase)
        for frame, row in enumerate(rows)
        for event in tracking.feed(table(HOUSE, [row], start_frame=frame))
    ]

    assert told == [(4, "start"), (19, "end")]


def test_what_is_too_short_is_not_reported_and_the_reason_is_kept() -> None:
    tracking = tracker()

    assert tracking.feed(table(HOUSE, [*quiet(1), *sounding(0.4, speech=0.9), *quiet(3)])) == []

    assert [(each.node, each.onset_s) for each in tracking.suppressed] == [
        ("person", 1.0),
        ("speech", 1.0),
    ]
    assert tracking.suppressed[0].reason == "it was above 0.50 for 0.4 s of the 0.5 s it needs"
    assert tracking.suppressed[0].peak == pytest.approx(0.9)
    assert tracking.num_suppressed == {("person", "too_short"): 1, ("speech", "too_short"): 1}


def test_what_stays_under_the_on_threshold_is_not_reported_either() -> None:
    tracking = tracker()

    assert tracking.feed(table(HOUSE, [*sounding(9, speech=0.45), *quiet(1)])) == []

    assert tracking.suppressed[0].reason == (
        "its posterior reached 0.45 and stayed under the on-threshold of 0.50"
    )


def test_between_the_thresholds_an_event_goes_on() -> None:
    rows = [*sounding(1, speech=0.9), *sounding(5, speech=0.35), *quiet(0.9)]

    assert ends(track([*rows, *sounding(1, speech=0.35), *quiet(3)])) == [("speech", 0.0, 7.9)]


def test_the_onset_is_where_the_posterior_rose_not_where_it_was_high_enough() -> None:
    rows = [*quiet(2), *sounding(0.3, speech=0.4), *sounding(2, speech=0.9), *quiet(2)]

    assert track(rows)[0].onset_s == 2.0


def test_a_long_murmur_before_does_not_belong_to_the_event() -> None:
    rows = [*sounding(30, speech=0.4), *sounding(2, speech=0.9), *quiet(2)]

    assert track(rows)[0].onset_s == 29.5


def test_a_sure_leaf_is_reported_alone() -> None:
    events = track([*sounding(2, smoke_alarm=0.9), *quiet(3)])

    assert phases(events) == [(1, "start", "smoke_alarm"), (1, "end", "smoke_alarm")]


def test_an_unsure_leaf_is_reported_as_its_parent_and_refined_later() -> None:
    rows = [*sounding(2, alarm=0.8), *sounding(2, smoke_alarm=0.9), *quiet(3)]

    start, update, end = track(rows)

    assert [start.node, update.node, end.node] == ["alarm", "smoke_alarm", "smoke_alarm"]
    assert update.path == "alarm/life_safety/smoke_alarm"
    assert (update.onset_s, update.first_detected_s, update.detected_s) == (0.0, 0.5, 2.5)
    assert start.score == pytest.approx(0.8)
    assert update.score == pytest.approx(0.9)
    assert end.offset_s == 4.0


def test_a_deeper_node_that_rises_much_later_is_another_sound() -> None:
    rows = [*sounding(30, person=0.8), *sounding(3, scream=0.9), *quiet(3)]

    events = track(rows)

    assert phases(events) == [
        (1, "start", "person"),
        (2, "start", "scream"),
        (1, "end", "person"),
        (2, "end", "scream"),
    ]
    assert events[1].onset_s == 30.0


def test_siblings_are_events_of_their_own_at_the_same_time() -> None:
    rows = [
        *sounding(2, smoke_alarm=0.9),
        *sounding(2, smoke_alarm=0.9, timer_beep=0.8),
        *sounding(3, timer_beep=0.8),
        *quiet(3),
    ]

    assert ends(track(rows)) == [("smoke_alarm", 0.0, 4.0), ("timer_beep", 2.0, 7.0)]


def test_two_sure_children_of_one_reported_parent_share_it_out() -> None:
    rows = [*sounding(2, alarm=0.8), *sounding(2, smoke_alarm=0.9, timer_beep=0.8), *quiet(3)]

    assert phases(track(rows)) == [
        (1, "start", "alarm"),
        (1, "update", "smoke_alarm"),
        (2, "start", "timer_beep"),
        (1, "end", "smoke_alarm"),
        (2, "end", "timer_beep"),
    ]


def test_another_event_that_keeps_the_first_node_up_does_not_keep_the_event_alive() -> None:
    rows = [
        *sounding(2, alarm=0.8),
        *sounding(2, smoke_alarm=0.9, timer_beep=0.8),
        *sounding(20, timer_beep=0.8),
        *quiet(3),
    ]

    assert ends(track(rows)) == [("smoke_alarm", 0.0, 4.0), ("timer_beep", 2.0, 24.0)]


def test_unrelated_sounds_do_not_disturb_each_other() -> None:
    rows = [
        *sounding(1, speech=0.9),
        *sounding(1, speech=0.9, window_glass=0.8),
        *sounding(3, speech=0.9),
        *quiet(3),
    ]

    assert ends(track(rows)) == [("window_glass", 1.0, 2.0), ("speech", 0.0, 5.0)]


def test_a_parent_waits_a_moment_for_a_leaf_that_is_about_to_be_sure() -> None:
    rows = [*sounding(0.2, alarm=0.8), *sounding(2, smoke_alarm=0.9), *quiet(3)]

    start, _ = track(rows)

    assert (start.node, start.first_detected_s) == ("smoke_alarm", 0.7)


def test_a_parent_does_not_wait_long() -> None:
    rows = [*sounding(4, smoke_alarm=0.9), *quiet(3)]

    events = track(rows, smoke_alarm={"dwell_s": 2.0}, life_safety={"dwell_s": 2.0})

    assert [(e.phase, e.node, e.detected_s) for e in events[:2]] == [
        ("start", "alarm", 1.0),
        ("update", "smoke_alarm", 2.0),
    ]


def test_an_alarm_that_fades_through_its_parent_is_not_a_second_alarm() -> None:
    rows = [*sounding(2, smoke_alarm=0.9), *sounding(2.9, alarm=0.8), *quiet(5)]
    tracking = tracker()

    events = [*tracking.feed(table(HOUSE, rows)), *tracking.flush()]

    assert ends(events) == [("smoke_alarm", 0.0, 2.0)]
    assert [each.reason for each in tracking.suppressed] == ["it was the tail of event 1"]
    assert [each.cause for each in tracking.suppressed] == ["tail"]


def test_a_parent_that_goes_on_long_after_its_leaf_is_a_sound_of_its_own() -> None:
    rows = [*sounding(2, smoke_alarm=0.9), *sounding(8, alarm=0.8), *quiet(5)]

    first, second = ends(track(rows))

    assert first == ("smoke_alarm", 0.0, 2.0)
    assert second == ("alarm", 4.9, 10.0)


def test_pulses_add_up_to_a_dwell_over_their_pauses() -> None:
    pulse = [*sounding(0.3, smoke_alarm=0.9), *quiet(0.7)]

    start = track([*pulse * 4, *quiet(3)])[0]

    assert (start.node, start.onset_s, start.detected_s) == ("smoke_alarm", 0.0, 2.3)


def test_scattered_blips_do_not_add_up() -> None:
    blip = [*sounding(0.1, smoke_alarm=0.9), *quiet(1.4)]

    assert track(blip * 40) == []


def test_blips_do_not_add_up_over_a_murmur_between_the_thresholds() -> None:
    blip = [*sounding(0.1, smoke_alarm=0.9), *sounding(300, smoke_alarm=0.4)]

    assert track(blip * 10) == []


def test_what_rises_from_a_murmur_begins_when_it_rises() -> None:
    rows = [*sounding(0.1, smoke_alarm=0.9), *sounding(600, smoke_alarm=0.4)]

    ((node, onset_s, _),) = ends(track([*rows, *sounding(3, smoke_alarm=0.9), *quiet(3)]))

    assert node == "smoke_alarm"
    assert onset_s == pytest.approx(599.6, abs=0.1)


def test_a_stream_that_is_cut_off_decides_nothing() -> None:
    tracking = tracker()
    tracking.feed(table(HOUSE, [*quiet(1), *sounding(0.4, window_glass=0.9)]))

    assert tracking.flush(is_whole=False) == []


def test_a_single_gap_starts_the_dwell_anew() -> None:
    rows = [*sounding(0.4, speech=0.9), *quiet(2.5), *sounding(0.4, speech=0.9), *quiet(3)]

    assert track(rows) == []


def test_the_end_of_a_stream_decides_what_is_open() -> None:
    assert ends(track([*quiet(1), *sounding(0.3, window_glass=0.9)])) == [
        ("window_glass", 1.0, 1.3)
    ]


def test_the_end_of_a_stream_does_not_make_something_of_nothing() -> None:
    tracking = tracker()
    tracking.feed(table(HOUSE, [*quiet(1), *sounding(0.2, window_glass=0.9)]))

    assert tracking.flush() == []
    assert tracking.suppressed[-1].reason == (
        "it was above 0.50 for 0.2 s of the 0.5 s it needs when the stream ended"
    )


def test_after_a_flush_another_stretch_counts_on_and_after_a_reset_from_one() -> None:
    tracking = tracker()
    rows = table(HOUSE, sounding(2, speech=0.9))
    numbers = []
    for step in (tracking.flush, tracking.reset, tracking.flush):
        numbers.append([event.number for event in tracking.feed(rows)])
        step()

    assert numbers == [[1], [2], [1]]


def test_frames_that_do_not_follow_are_refused() -> None:
    tracking = tracker()
    tracking.feed(table(HOUSE, quiet(1)))

    with pytest.raises(ValueError, match="wanted frames from 10 on"):
        tracking.feed(table(HOUSE, quiet(1), start_frame=11))


def test_the_level_of_an_event_is_its_loudest_frame() -> None:
    tracking = tracker()
    loud = table(HOUSE, sounding(0.3, speech=0.9), start_frame=10, level_dbfs=-12.0)

    tracking.feed(table(HOUSE, sounding(1, speech=0.9)))
    tracking.feed(loud)

    assert tracking.flush()[-1].level_dbfs == -12.0


def test_the_record_of_what_was_suppressed_stays_bounded() -> None:
    tracking = tracker()

    tracking.feed(table(HOUSE, [*sounding(0.1, speech=0.4), *quiet(0.1)] * 400))

    assert len(tracking.suppressed) == 256
    assert tracking.num_suppressed["speech", "under_threshold"] == 400
