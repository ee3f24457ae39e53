"""Laws of timing as evidence, over generated rhythms: what is one of an alarm's, and what is not.

Rhythms are drawn as times, laid over the log-mel of a quiet room, and searched while something
is suspected all the time. Rooms, voices and music are in `test_patterns.py`, rates in
`test_pattern_rates.py`.
"""

from collections.abc import Sequence

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from aed.events import Event
from aed.patterns import PatternFinder, PatternMatch
from ontology import parse
from tests.aed.house import tracker
from tests.aed.tables import FMAX_HZ, FMIN_HZ, noise_log_mel, sounding, table, with_tone
from training.synthesis.cadence import T3, T4, Cadence

Pulses = Sequence[tuple[float, float]]

PITCHES_HZ = st.floats(400.0, 4_500.0)
TOLERATED = st.floats(0.905, 1.095)
FEW = settings(max_examples=40, deadline=None)

SOUNDERS = parse("""\
version: 1
name: sounders
nodes:
  - id: alarm
    name: Alarm
    children:
      - {id: smoke_alarm, name: Smoke alarm, alert: {critical: true, pattern: [t3, continuous]}}
      - {id: co_alarm, name: CO alarm, alert: {critical: true, pattern: [t4]}}
""")


def heard(pulses: Pulses, length_s: float, pitch_hz: float = 3100.0) -> list[PatternMatch]:
    """Every match of a recording of these pulses, frame by frame."""
    log_mel = with_tone(noise_log_mel(length_s), pulses, pitch_hz=pitch_hz)
    finder = PatternFinder(fmin_hz=FMIN_HZ, fmax_hz=FMAX_HZ)
    matches = [
        finder.feed(log_mel[10 * frame : 10 * frame + 10], frame=frame, is_suspected=True)
        for frame in range(len(log_mel) // 10)
    ]
    return [match for match in matches if match is not None]


def strongest(matches: list[PatternMatch], *kinds: str) -> float:
    return max((match.strength for match in matches if match.kind in kinds), default=0.0)


def device(standard: Cadence, factors: tuple[float, float, float]) -> Cadence:
    """The cadence of one device, each of its times off by a factor."""
    return Cadence(
        count=standard.count,
        pulse_s=standard.pulse_s * factors[0],
        gap_s=standard.gap_s * factors[1],
        pause_s=standard.pause_s * factors[2],
    )


FACTORS = st.tuples(TOLERATED, TOLERATED, TOLERATED)


@given(factors=FACTORS, share=st.floats(0.0, 1.0), pitch_hz=PITCHES_HZ)
@FEW
def test_a_recording_that_begins_in_the_middle_of_t3_still_holds_it(
    factors: tuple[float, float, float], share: float, pitch_hz: float
) -> None:
    cadence = device(T3, factors)
    pulses = cadence.pulses(onset_s=0.0, offset_s=14.0, phase_s=share * cadence.period_s)

    matches = heard(pulses, 14.0, pitch_hz)

    assert strongest(matches, "t3") == 1.0
    assert strongest(matches, "t4", "continuous") == 0.0


@given(factors=FACTORS, share=st.floats(0.0, 1.0), pitch_hz=PITCHES_HZ)
@FEW
def test_a_recording_that_begins_in_the_middle_of_t4_still_holds_it(
    factors: tuple[float, float, float], share: float, pitch_hz: float
) -> None:
    cadence = device(T4, factors)
    pulses = cadence.pulses(onset_s=0.0, offset_s=20.0, phase_s=share * cadence.period_s)

    matches = heard(pulses, 20.0, pitch_hz)

    assert strongest(matches, "t4") == 1.0
    assert strongest(matches, "t3", "continuous") == 0.0


@given(onset_s=st.floats(0.0, 5.0), pitch_hz=PITCHES_HZ)
@FEW
def test_a_tone_without_pause_is_continuous_and_nothing_else(
    onset_s: float, pitch_hz: float
) -> None:
    matches = heard([(onset_s, 12.0)], 12.0, pitch_hz)

    assert {match.kind for match in matches} == {"continuous"}


@given(
    onset_s=st.floats(2.5, 8.0),
    pulse_s=st.floats(0.06, 0.15),
    period_s=st.floats(30.0, 60.0),
    pitch_hz=PITCHES_HZ,
)
@FEW
def test_a_low_battery_chirp_is_sure_at_its_second_and_is_never_an_alarm(
    onset_s: float, pulse_s: float, period_s: float, pitch_hz: float
) -> None:
    """Chirps last 20 to 120 ms; windows of 25 ms lengthen them."""
    pulses = [(onset_s + n * period_s, onset_s + n * period_s + pulse_s) for n in range(2)]

    matches = heard(pulses, pulses[-1][1] + 6.0, pitch_hz)

    assert {match.kind for match in matches} == {"chirp"}
    assert {match.strength for match in matches} == {0.25, 1.0}


@given(
    pulse_s=st.floats(0.05, 1.2),
    gap_s=st.floats(0.05, 1.2),
    count=st.integers(5, 30),
    onset_s=st.floats(0.0, 4.0),
)
@settings(max_examples=100, deadline=None)
def test_a_row_of_equal_beeps_is_no_alarm_at_any_tempo(
    pulse_s: float, gap_s: float, count: int, onset_s: float
) -> None:
    """Reversing lorries, and microwaves and timers that beep at least five times."""
    starts_s = [onset_s + n * (pulse_s + gap_s) for n in range(count)]
    pulses = [(start_s, start_s + pulse_s) for start_s in starts_s]

    matches = heard(pulses, min(pulses[-1][1] + 6.0, 25.0))

    assert strongest(matches, "t3", "t4") == 0.0


@given(
    count=st.integers(2, 5),
    pulse_s=st.floats(0.04, 0.09),
    gap_share=st.floats(0.6, 1.1),
    period_s=st.floats(0.8, 1.2),
    groups=st.integers(6, 25),
)
@example(count=4, pulse_s=0.0775, gap_share=0.813, period_s=1.048, groups=19)  # at T4's fastest
@settings(max_examples=100, deadline=None)
def test_an_alarm_clock_is_no_alarm_of_a_detector(
    count: int, pulse_s: float, gap_share: float, period_s: float, groups: int
) -> None:
    step_s = pulse_s * (1.0 + gap_share)
    starts_s = [
        1.0 + group * max(period_s, count * step_s + 0.2) + n * step_s
        for group in range(groups)
        for n in range(count)
    ]
    pulses = [(start_s, start_s + pulse_s) for start_s in starts_s]

    matches = heard(pulses, min(pulses[-1][1] + 4.0, 25.0))

    assert strongest(matches, "t3", "t4") == 0.0


@given(
    rings=st.integers(1, 2),
    ring_s=st.floats(0.35, 2.0),
    gap_s=st.floats(0.15, 0.3),
    pause_s=st.floats(1.8, 4.0),
)
@settings(max_examples=60, deadline=None)
def test_a_ringing_telephone_is_no_alarm_of_a_detector(
    rings: int, ring_s: float, gap_s: float, pause_s: float
) -> None:
    cadence = Cadence(count=rings, pulse_s=ring_s, gap_s=gap_s, pause_s=pause_s)

    matches = heard(cadence.pulses(onset_s=1.0, offset_s=20.0), 20.0)

    assert strongest(matches, "t3", "t4") == 0.0


@given(
    standard=st.sampled_from([T3, T4]),
    extra=st.sampled_from([-2, -1, 1, 2, 3]),
    factors=FACTORS,
    onset_s=st.floats(1.5, 4.0),
)
@settings(max_examples=100, deadline=None)
def test_another_count_of_pulses_at_an_alarms_tempo_is_no_alarm(
    standard: Cadence, extra: int, factors: tuple[float, float, float], onset_s: float
) -> None:
    tempo = device(standard, factors)
    cadence = Cadence(
        count=standard.count + extra,
        pulse_s=tempo.pulse_s,
        gap_s=tempo.gap_s,
        pause_s=tempo.pause_s,
    )

    matches = heard(cadence.pulses(onset_s=onset_s, offset_s=22.0), 22.0)

    assert strongest(matches, "t3", "t4") == 0.0


@given(
    count=st.integers(1, 6),
    pulse_s=st.floats(0.05, 1.0),
    gap_s=st.floats(0.05, 1.0),
    pause_s=st.floats(0.5, 7.0),
    onset_s=st.floats(0.0, 3.0),
)
@settings(max_examples=200, deadline=None)
def test_a_rhythm_a_fifth_or_more_off_is_never_seen_to_go_on_as_an_alarm(
    count: int, pulse_s: float, gap_s: float, pause_s: float, onset_s: float
) -> None:
    """Off: another count, or a step from onset to onset that is a fifth from the standard's."""
    cadence = Cadence(count=count, pulse_s=pulse_s, gap_s=gap_s, pause_s=pause_s)
    assume(pause_s >= gap_s + 0.1)  # else it is a row of beeps
    is_t3_like = (
        count == T3.count and _is_near(pulse_s + gap_s, 1.0) and _is_near(pulse_s + pause_s, 2.0)
    )
    is_t4_like = count == T4.count and pulse_s + gap_s <= 0.4 and _is_near(pause_s, T4.pause_s)

    matches = heard(cadence.pulses(onset_s=onset_s, offset_s=22.0), 22.0)

    if not is_t3_like:
        assert strongest(matches, "t3") < 1.0
    if not is_t4_like:
        assert strongest(matches, "t4") < 1.0


def _is_near(value_s: float, wanted_s: float) -> bool:
    return abs(value_s - wanted_s) < 0.2 * wanted_s


@given(
    length_s=st.floats(0.3, 2.4),
    phase_s=st.floats(0.0, 4.0),
    posterior=st.floats(0.0, 1.0),
    standard=st.sampled_from([T3, T4]),
)
@FEW
def test_a_clip_too_short_for_a_rhythm_is_judged_by_its_posterior_alone(
    length_s: float, phase_s: float, posterior: float, standard: Cadence
) -> None:
    length_s = round(length_s, 1)
    pulses = standard.pulses(onset_s=0.0, offset_s=length_s, phase_s=phase_s)

    events = tracked(pulses, length_s, posterior)

    assert events == tracked([], length_s, posterior)
    is_sure = posterior >= 0.5 and length_s >= 0.5
    assert not is_sure or [event.node for event in events][-1:] == ["smoke_alarm"]


@given(
    pulses=st.lists(
        st.tuples(st.floats(0.0, 9.0), st.floats(0.05, 1.0)).map(lambda p: (p[0], p[0] + p[1])),
        max_size=12,
    ),
    posterior=st.floats(0.55, 1.0),
)
@FEW
def test_no_rhythm_keeps_a_sure_alarm_from_being_reported_as_soon(
    pulses: Pulses, posterior: float
) -> None:
    plain, timed = (tracked(each, 10.0, posterior) for each in ([], pulses))

    assert timed[0].node == plain[0].node == "smoke_alarm"
    assert timed[0].detected_s <= plain[0].detected_s
    assert timed[-1].score == plain[-1].score


def tracked(pulses: Pulses, length_s: float, posterior: float) -> list[Event]:
    """Events of a smoke alarm of this posterior, and a tone with these pulses."""
    log_mel = with_tone(noise_log_mel(length_s), pulses)
    rows = sounding(length_s, smoke_alarm=posterior)
    tracking = tracker(SOUNDERS)
    return [*tracking.feed(table(SOUNDERS, rows, log_mel=log_mel)), *tracking.flush()]
