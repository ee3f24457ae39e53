"""Names the rhythm of one tone: T3, T4, continuous, chirp, or none of them.

Rhythms are read from onset to onset, since a room lengthens pulses and shortens pauses but moves
no onset: ISO 8201 allows each time of T3 10 %, so onsets within a group lie 0.9 to 1.1 s apart and
the next group follows 1.8 to 2.2 s after the last onset. A pulse may be measured 0.15 s longer
than the device made it (5 dB below its level, in a room of RT60 = 0.9 s with some direct sound)
and a frame or two shorter.

A rhythm is evidence for what the network already suspects, so each has a strength: 0.5 when one
group was heard with silence around it, 1.0 when the rhythm was seen to go on.

Sources: ISO 8201 (T3: three pulses of 0.5 s, 0.5 s apart, then 1.5 s of silence, each within
10 %); the makers' manuals of carbon monoxide alarms (T4: four short pulses, then 5 s of silence;
low-battery chirp once in 30 to 60 s).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from aed.pulses import DROPS_DB, Pulse, Tone

_MARGIN_S = 0.03  # of a measured time: frames of 10 ms, windows of 25 ms

T3_ON_S = (0.40, 0.70)
T3_STEP_S = (0.90 - _MARGIN_S, 1.10 + _MARGIN_S)
T3_PAUSE_STEP_S = (1.80 - _MARGIN_S, 2.20 + _MARGIN_S)
T3_QUIET_S = 1.25
"""Silence that ends a T3 group, and stands before it."""

T4_ON_S = (0.05, 0.30)
T4_STEP_S = (0.14, 0.36)
T4_STEP_SPREAD = 1.25
"""Longest over shortest step within one group."""
T4_PAUSE_S = (4.3, 5.7)
T4_QUIET_S = 2.0
T4_MOST_BETWEEN = 4
"""Pulses of something else that may fall into the pause of T4; with more it is another rhythm."""

CONTINUOUS_S = 3.0
CONTINUOUS_PROMINENCE_DB = 8.0
CONTINUOUS_RIPPLE_DB = 4.0

CHIRP_ON_S = (0.03, 0.35)
CHIRP_QUIET_BEFORE_S = 2.0
CHIRP_QUIET_AFTER_S = 3.0
CHIRP_PROMINENCE_DB = 10.0
CHIRP_STRENGTH = 0.25
"""Any short beep might be a chirp; only the next one, half a minute later, tells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """A recognised rhythm.

    Attributes:
        kind: `t3`, `t4`, `continuous` or `chirp`.
        strength: 0.25 for a single chirp, 0.5 for one group, 1.0 for a rhythm that went on.
        pitch_hz: of the tone.
        level: of the tone, in natural log of power.
        last_on_s: end of the last pulse, in seconds from the start of the window.
    """

    kind: str
    strength: float
    pitch_hz: float
    level: float
    last_on_s: float


def name_rhythm(tone: Tone) -> Rhythm | None:
    """The rhythm of a tone, if it has one that alarms have.

    Args:
        tone: one tone of a window, at one threshold.
    """
    if not tone.pulses:
        return None
    kind, strength = "t4", _t4_strength(tone)
    if not strength:
        kind, strength = "t3", _t3_strength(tone)
    if not strength and _is_continuous(tone):
        kind, strength = "continuous", 0.5
    if not strength and _is_chirp(tone):
        kind, strength = "chirp", CHIRP_STRENGTH
    if not strength:
        return None
    return Rhythm(
        kind=kind,
        strength=strength,
        pitch_hz=tone.pitch_hz,
        level=tone.level,
        last_on_s=tone.pulses[-1].offset_s,
    )


def _t3_strength(tone: Tone) -> float:
    pulses = [pulse for pulse in tone.pulses if pulse.is_cut or pulse.duration_s >= T3_ON_S[0] / 2]
    steps = "".join(_t3_step(before, after) for before, after in pairwise(pulses))
    if any(rhythm in steps for rhythm in ("aab", "baa")) and "aaa" not in steps:
        return 1.0
    for start in range(len(steps) - 1):
        group = pulses[start : start + 3]
        if steps[start : start + 2] == "aa" and _is_apart(tone, pulses, group, T3_QUIET_S):
            return 0.5
    return 0.0


def _t3_step(before: Pulse, after: Pulse) -> str:
    """`a` within a group, `b` over its pause, `x` if neither."""
    is_long_enough = before.is_cut or _within(before.duration_s, T3_ON_S)
    may_be_going_on = after.is_cut or _within(after.duration_s, T3_ON_S)
    if not (is_long_enough and may_be_going_on) or before.onset_s == 0:
        return "x"
    step_s = after.onset_s - before.onset_s
    if _within(step_s, T3_STEP_S):
        return "a"
    return "b" if _within(step_s, T3_PAUSE_STEP_S) else "x"


def _t4_strength(tone: Tone) -> float:
    groups: list[list[Pulse]] = []
    for pulse in tone.pulses:
        if groups and pulse.onset_s - groups[-1][-1].onset_s <= T4_STEP_S[1]:
            groups[-1].append(pulse)
        else:
            groups.append([pulse])
    fours = [group for group in groups if _is_t4_group(group)]
    for before, after in pairwise(fours):
        is_paused = _within(after[0].onset_s - before[-1].offset_s, T4_PAUSE_S)
        if is_paused and _pulses_between(tone, before, after) <= T4_MOST_BETWEEN:
            return 1.0
    alone = any(_is_apart(tone, tone.pulses, group, T4_QUIET_S) for group in fours)
    return 0.5 if alone else 0.0


def _is_t4_group(group: Sequence[Pulse]) -> bool:
    if len(group) != 4 or not all(_within(pulse.duration_s, T4_ON_S) for pulse in group):  # noqa: PLR2004 - temporal four
        return False
    steps = [after.onset_s - before.onset_s for before, after in pairwise(group)]
    return min(steps) >= T4_STEP_S[0] and max(steps) <= T4_STEP_SPREAD * min(steps)


def _pulses_between(tone: Tone, before: Sequence[Pulse], after: Sequence[Pulse]) -> int:
    """How many pulses fall between two groups of a tone."""
    return sum(before[-1].onset_s < pulse.onset_s < after[0].onset_s for pulse in tone.pulses)


def _is_continuous(tone: Tone) -> bool:
    last = tone.pulses[-1]
    return (
        last.is_cut
        and last.offset_s >= tone.window_s
        and last.duration_s >= CONTINUOUS_S
        and tone.prominence_db >= CONTINUOUS_PROMINENCE_DB
        and tone.ripple_db <= CONTINUOUS_RIPPLE_DB
    )


def _is_chirp(tone: Tone) -> bool:
    """Whether a tone sounded once and ended at once: a chime rings on, and fails at 16 dB down."""
    if len(tone.pulses) != 1 or tone.drop_db != DROPS_DB[-1]:
        return False
    pulse = tone.pulses[0]
    return (
        _within(pulse.duration_s, CHIRP_ON_S)
        and tone.prominence_db >= CHIRP_PROMINENCE_DB
        and pulse.onset_s >= CHIRP_QUIET_BEFORE_S
        and tone.window_s - pulse.offset_s >= CHIRP_QUIET_AFTER_S
    )


def _is_apart(tone: Tone, pulses: Sequence[Pulse], group: Sequence[Pulse], quiet_s: float) -> bool:
    """Whether silence was heard before and after a group."""
    ends_s = [pulse.offset_s for pulse in pulses if pulse.onset_s < group[0].onset_s]
    starts_s = [pulse.onset_s for pulse in pulses if pulse.onset_s > group[-1].onset_s]
    quiet_before_s = group[0].onset_s - max(ends_s, default=0.0)
    quiet_after_s = min(starts_s, default=tone.window_s) - group[-1].offset_s
    return min(quiet_before_s, quiet_after_s) >= quiet_s


def _within(value: float, limits: tuple[float, float]) -> bool:
    return limits[0] <= value <= limits[1]
