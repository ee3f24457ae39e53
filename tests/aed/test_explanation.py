"""An explanation says of a moment what the event logic knew then, however the stream was cut."""

from collections.abc import Iterator, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from aed.audio import AudioChunk
from aed.bundle import Bundle, load_bundle
from aed.detector import StreamingDetector
from aed.errors import AudioError
from aed.explanation import NEAR_S, Explanation, explain
from aed.explanation_text import lines
from tests.system.loudness_bundle import write_loudness_bundle
from training.synthesis.cadence import T3, T4, Cadence
from training.synthesis.sounder import Sounder, sound

RATE_HZ = 16_000
Chunks = Iterator[AudioChunk]


@pytest.fixture(scope="module")
def loudness(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """Whatever is loud is a smoke alarm, after a second above 0.5."""
    return load_bundle(write_loudness_bundle(tmp_path_factory.mktemp("bundle") / "loudness"))


def chunks(
    samples: NDArray[np.float32], lengths: Sequence[int] = (RATE_HZ,)
) -> Iterator[AudioChunk]:
    """The samples in chunks of these lengths, over and over."""
    start = turn = 0
    while start < len(samples):
        stop = start + lengths[turn % len(lengths)]
        yield AudioChunk(samples=samples[start:stop], sample_rate_hz=RATE_HZ)
        start, turn = stop, turn + 1


def bursts(onsets_s: Sequence[float], burst_s: float, length_s: float) -> NDArray[np.float32]:
    """Loud noise at these times, quiet else."""
    rng = np.random.default_rng(0)
    samples = 1e-4 * rng.standard_normal(round(length_s * RATE_HZ))
    for onset_s in onsets_s:
        first = round(onset_s * RATE_HZ)
        samples[first : first + round(burst_s * RATE_HZ)] *= 3_000.0
    return samples.astype(np.float32)


def alarm(cadence: Cadence, length_s: float, pitch_hz: float = 3_100.0) -> NDArray[np.float32]:
    """An alarm from 2 s on, in a quiet room."""
    rng = np.random.default_rng(1)
    count = round(length_s * RATE_HZ)
    sounder = Sounder(pitch_hz=pitch_hz, harmonics=(1.0, 0.1), attack_s=0.005, decay_s=0.02)
    pulses = cadence.pulses(onset_s=2.0, offset_s=length_s)
    tone = 0.2 * sound(sounder, pulses, count, rng)
    return (tone + 1e-3 * rng.standard_normal(count)).astype(np.float32)


def reason(explanation: Explanation, node: str) -> str:
    (account,) = [each for each in explanation.nodes if each.node == node]
    return account.reason


@pytest.mark.parametrize(("kind", "cadence"), [("t3", T3), ("t4", T4)])
def test_a_rhythm_is_told_with_the_pulses_that_made_it(
    bundle: Bundle, kind: str, cadence: Cadence
) -> None:
    explanation = explain(bundle, chunks(alarm(cadence, 16.0)), 14.0)

    assert explanation.pattern is not None
    assert explanation.pattern.kind == kind
    assert {span.kind for span in explanation.rhythms} == {kind}
    assert explanation.tone is not None
    assert explanation.tone.pitch_hz == pytest.approx(3_100.0, rel=0.05)
    found_s = [explanation.tone_start_s + pulse.onset_s for pulse in explanation.tone.pulses]
    made_s = [on_s for on_s, _ in cadence.pulses(onset_s=2.0, offset_s=16.0)]
    assert found_s[1:] == pytest.approx(made_s[-len(found_s) + 1 :], abs=0.03)


def test_a_rhythm_that_is_heard_later_is_told_of_a_moment_before_it(bundle: Bundle) -> None:
    explanation = explain(bundle, chunks(alarm(T3, 16.0)), 3.0)

    assert explanation.pattern is None
    assert [span.kind for span in explanation.rhythms] == ["t3"]
    assert explanation.rhythms[0].onset_s > 3.0
    assert "no timing pattern (around: t3 at " in list(lines(explanation, "a"))[1]


def test_the_evidence_of_a_rhythm_raises_the_confidence_that_is_told(bundle: Bundle) -> None:
    explanation = explain(bundle, chunks(alarm(T3, 16.0)), 12.0)

    (smoke,) = [each for each in explanation.nodes if each.node == "smoke_alarm"]
    assert smoke.confidence >= smoke.peak
    assert (explanation.excerpt.confidence >= explanation.excerpt.posteriors).all()
    assert (explanation.excerpt.confidence > explanation.excerpt.posteriors).any()


def test_a_moment_is_told_the_same_however_the_recording_is_cut(bundle: Bundle) -> None:
    samples = alarm(T3, 12.0)

    whole, cut = (
        explain(bundle, chunks(samples, lengths), 7.3)
        for lengths in ([len(samples)], [1, 777, 40_000, 3_200])
    )

    assert list(lines(whole, "a")) == list(lines(cut, "a"))
    assert whole.rhythms == cut.rhythms


def test_posteriors_and_level_are_those_of_the_detector_at_the_moment(bundle: Bundle) -> None:
    samples = alarm(T3, 30.0)
    heard = StreamingDetector(bundle).feed(AudioChunk(samples=samples, sample_rate_hz=RATE_HZ))

    explanation = explain(bundle, chunks(samples), 25.3)

    for account in explanation.nodes:
        column = explanation.labels.index[account.node]
        assert account.posterior == pytest.approx(float(heard.values[253, column]), abs=1e-4)
        near = heard.values[203:304, column]
        assert account.peak == pytest.approx(float(near.max()), abs=1e-4)
    assert explanation.level_dbfs == pytest.approx(float(heard.level_dbfs[253]), abs=1e-3)
    assert explanation.excerpt.start_s <= 25.3 - 12.0


def test_no_rhythm_is_looked_for_where_nothing_is_suspected(loudness: Bundle) -> None:
    explanation = explain(loudness, chunks(bursts([], 1.0, 10.0)), 5.0)

    assert not explanation.is_searched
    assert "nothing alarm-like was suspected" in list(lines(explanation, "a"))[1]


def test_what_was_suppressed_is_told_though_hundreds_more_were_later(loudness: Bundle) -> None:
    samples = bursts([5.0, *np.arange(15.0, 150.0, 1.2).tolist()], 0.2, 155.0)

    explanation = explain(loudness, chunks(samples), 5.1)

    (smoke,) = [each for each in explanation.suppressed if each.node == "smoke_alarm"]
    assert smoke.onset_s == pytest.approx(5.0, abs=0.2)
    assert reason(explanation, "smoke_alarm") == f"not reported: {smoke.reason}"


def test_what_happened_long_before_or_after_is_left_out(loudness: Bundle) -> None:
    explanation = explain(loudness, chunks(bursts([5.0, 40.0], 3.0, 60.0)), 25.0)

    assert explanation.events == explanation.alerts == ()
    assert explanation.suppressed == ()
    assert all(account.peak < 0.1 for account in explanation.nodes)


def test_an_event_that_lasts_to_the_end_ends_with_the_recording(loudness: Bundle) -> None:
    explanation = explain(loudness, chunks(bursts([2.0], 9.0, 9.95)), 9.9)

    (event,) = explanation.events
    assert explanation.end_s(event) == pytest.approx(9.95)


@pytest.mark.parametrize("at_s", [0.0, 0.25])
def test_every_moment_of_the_shortest_recording_can_be_explained(
    loudness: Bundle, at_s: float
) -> None:
    explanation = explain(loudness, chunks(bursts([], 1.0, 0.25)), at_s)

    assert explanation.duration_s == 0.25
    assert [each.node for each in explanation.nodes if each.is_critical]


@pytest.mark.parametrize("at_s", [-0.1, 10.1, float("nan"), float("inf")])
def test_a_moment_outside_of_the_recording_is_no_moment(loudness: Bundle, at_s: float) -> None:
    with pytest.raises(AudioError, match="--at: wanted 0 to 10 s"):
        explain(loudness, chunks(bursts([], 1.0, 10.0)), at_s)


def test_what_rose_near_the_moment_is_within_reach(loudness: Bundle) -> None:
    explanation = explain(loudness, chunks(bursts([20.0], 3.0, 40.0)), 20.0 - NEAR_S + 0.5)

    assert [event.node for event in explanation.events] == ["smoke_alarm"]
    assert reason(explanation, "smoke_alarm").startswith("reported at 21.0 s")
    assert reason(explanation, "life_safety") == "event 1 went deeper, to smoke_alarm"


def test_a_recording_shorter_than_a_sample_at_16_khz_is_refused(bundle: Bundle) -> None:
    chunk = AudioChunk(samples=np.zeros(1, np.float32), sample_rate_hz=48_000)

    with pytest.raises(AudioError, match="at least one sample"):
        explain(bundle, [chunk], 0.0)


def test_a_recording_that_breaks_off_is_explained_before_the_break(bundle: Bundle) -> None:
    def broken() -> Iterator[AudioChunk]:
        yield AudioChunk(samples=np.zeros(32_000, np.float32), sample_rate_hz=16_000)
        raise AudioError("the file ends here")

    assert explain(bundle, broken(), 1.0).at_s == 1.0
    with pytest.raises(AudioError, match="the file ends here"):
        explain(bundle, broken(), 3.0)
