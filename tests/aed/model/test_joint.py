from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from aed.model.joint import JointModel, ModelConfig
from ontology import LabelSet
from tests.aed.model.lively import lively_model, some_sound

pytestmark = pytest.mark.torch

FRAME = 1_600  # samples of 100 ms


@torch.inference_mode()
def _logits_in_pieces(model: JointModel, audio: torch.Tensor, frames: list[int]) -> torch.Tensor:
    """(B, T, N) logits of audio cut into pieces of so many frames, states handed on."""
    states, found = model.initial_states(len(audio)), []
    for piece in audio.split([count * FRAME for count in frames], dim=1):
        output = model(piece, states)
        states = output.states
        found.append(output.logits)
    return torch.cat(found, dim=1)


@torch.inference_mode()
def _logits(model: JointModel, audio: torch.Tensor) -> torch.Tensor:
    logits: torch.Tensor = model(audio).logits
    return logits


@st.composite
def cuts(draw: st.DrawFn, frames: int) -> list[int]:
    """Lengths of pieces that make up so many frames."""
    places = draw(st.sets(st.integers(1, frames - 1)))
    edges = [0, *sorted(places), frames]
    return [after - before for before, after in pairwise(edges)]


def test_the_test_model_reacts_to_what_it_hears(model: JointModel) -> None:
    """Otherwise the tests below would compare constants."""
    assert _logits(model, some_sound(8 * 16_000)).std(dim=1).median() > 0.2


@settings(deadline=None, max_examples=15)
@given(cuts(20), st.integers(0, 1000))
def test_however_a_stream_is_cut_the_logits_are_the_same(
    model: JointModel, frames: list[int], seed: int
) -> None:
    audio = some_sound(20 * FRAME, clips=2, seed=seed)

    found = _logits_in_pieces(model, audio, frames)
    torch.testing.assert_close(found, _logits(model, audio), atol=1e-4, rtol=0)


@settings(deadline=None, max_examples=10)
@given(st.integers(1, 19), st.integers(0, 1000))
def test_what_is_still_to_come_changes_no_logit(model: JointModel, now: int, seed: int) -> None:
    audio = some_sound(20 * FRAME, seed=seed)
    other = torch.cat([audio[:, : now * FRAME], -audio[:, now * FRAME :].flip(1)], dim=1)

    before, after = _logits(model, audio), _logits(model, other)

    torch.testing.assert_close(before[:, :now], after[:, :now], atol=1e-5, rtol=0)
    assert (before[:, now:] - after[:, now:]).abs().max() > 1e-3


def test_clips_of_a_batch_do_not_hear_each_other(model: JointModel) -> None:
    audio = some_sound(20 * FRAME, clips=3)
    alone = torch.cat([_logits(model, clip[None]) for clip in audio])

    torch.testing.assert_close(_logits(model, audio), alone, atol=1e-4, rtol=0)


def test_outputs_and_states_have_the_shapes_that_are_announced(
    model: JointModel, labels: LabelSet
) -> None:
    with torch.inference_mode():
        output = model(some_sound(7 * FRAME, clips=2))

    assert output.logits.shape == (2, 7, len(labels))
    assert output.embedding.shape == (2, 7, model.config.network.temporal_channels)
    assert output.log_mel.shape == (2, 70, model.config.front_end.mel_bands)
    assert [state.shape for state in output.states] == [(2, *s) for s in model.state_shapes]
    assert [state.shape for state in model.initial_states(2)] == [
        (2, *s) for s in model.state_shapes
    ]


def test_the_network_is_small(labels: LabelSet) -> None:
    model = JointModel(ModelConfig(), labels)

    assert 100_000 < sum(parameter.numel() for parameter in model.parameters()) < 400_000


def test_a_long_stream_is_heard_as_if_in_pieces_of_any_length(model: JointModel) -> None:
    audio = some_sound(230 * FRAME + 700)  # 23 s and a rest that is no whole frame

    found = model.stream_logits(audio[0])

    assert found.shape == (230, len(model.labels))
    in_pieces = _logits_in_pieces(model, audio[:, : 230 * FRAME], [64, 1, 99, 66])
    torch.testing.assert_close(found, in_pieces[0], atol=1e-4, rtol=0)


@pytest.mark.parametrize("samples", [0, 1, FRAME - 1])
def test_less_than_a_posterior_frame_gives_no_logits(model: JointModel, samples: int) -> None:
    assert model.stream_logits(torch.zeros(samples)).shape == (0, len(model.labels))


@pytest.mark.parametrize("name", ["silence", "square wave", "offset", "one click"])
def test_extreme_sounds_give_finite_logits_and_states(model: JointModel, name: str) -> None:
    time = torch.arange(100 * FRAME)
    sounds = {
        "silence": torch.zeros(len(time)),
        "square wave": 1.0 - 2.0 * (time // 8 % 2),  # 1 kHz at full scale
        "offset": torch.ones(len(time)),
        "one click": (time == 50 * FRAME).float(),
    }
    with torch.inference_mode():
        output = model(sounds[name][None])

    for tensor in (output.logits, output.embedding, output.log_mel, *output.states):
        assert tensor.isfinite().all()


def test_random_weights_are_a_matter_of_the_seed(labels: LabelSet) -> None:
    first, again, other = (lively_model(labels, seed=seed).state_dict() for seed in (1, 1, 2))

    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["head.decisions.weight"], other["head.decisions.weight"])
