import hashlib
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from safetensors.torch import load_file

import ontology
from aed.audio import AudioChunk
from aed.bundle import load_bundle
from aed.bundle_description import canonical_digest
from aed.detector import StreamingDetector
from aed.inference import open_session
from aed.model.front_end import MAX_FRAMES_PER_CALL
from aed.model.joint import JointModel
from ontology import LabelSet
from tests.aed.model.lively import lively_model, some_sound
from training.release.export import BundleFacts, calibrated_posteriors

pytestmark = pytest.mark.torch

ROOT = Path(__file__).parents[3]
FRAME = 1_600
OUTPUTS = ("logits", "embedding", "log_mel")  # of the model; the graph has more

Arrays = dict[str, NDArray[np.float32]]


@pytest.fixture(scope="module")
def session(exported: Path) -> onnxruntime.InferenceSession:
    return open_session((exported / "model.onnx").read_bytes())


def _hear(
    session: onnxruntime.InferenceSession, audio: torch.Tensor, frames: list[int]
) -> tuple[Arrays, Arrays]:
    """Outputs of (B, S) audio heard in pieces of so many frames, and the states at the end."""
    inputs = {node.name: node.shape for node in session.get_inputs()}
    names = [node.name for node in session.get_outputs()]
    nodes = inputs.pop("scale")
    calibration = {"scale": np.ones(nodes, np.float32), "bias": np.zeros(nodes, np.float32)}
    states = {
        name: np.zeros((len(audio), *shape[1:]), np.float32)
        for name, shape in inputs.items()
        if name.startswith("state_")
    }
    pieces: list[Arrays] = []
    for piece in audio.split([count * FRAME for count in frames], dim=1):
        feeds = {"audio": piece.numpy(), **calibration, **states}
        found = dict(zip(names, session.run(None, feeds), strict=True))
        states = {name: found[f"next_{name}"] for name in states}
        pieces.append(found)
    outputs = {name: np.concatenate([piece[name] for piece in pieces], axis=1) for name in OUTPUTS}
    return outputs, states


def _assert_close(one: Arrays, two: Arrays) -> None:
    for name, value in one.items():
        np.testing.assert_allclose(value, two[name], atol=1e-4, err_msg=name)


@settings(deadline=None, max_examples=12)
@given(
    st.lists(st.integers(1, 8), min_size=1, max_size=6), st.integers(1, 3), st.integers(0, 1_000)
)
def test_the_graph_gives_what_torch_gives_however_a_stream_is_cut(
    session: onnxruntime.InferenceSession,
    untrained: JointModel,
    frames: list[int],
    clips: int,
    seed: int,
) -> None:
    audio = some_sound(sum(frames) * FRAME, clips=clips, seed=seed)
    with torch.inference_mode():
        expected = untrained(audio)

    outputs, states = _hear(session, audio, frames)

    _assert_close(outputs, {name: getattr(expected, name).numpy() for name in OUTPUTS})
    _assert_close(states, {f"state_{i}": s.numpy() for i, s in enumerate(expected.states)})


def test_a_batch_of_two_is_two_batches_of_one(session: onnxruntime.InferenceSession) -> None:
    audio = some_sound(12 * FRAME, clips=2)
    both, states = _hear(session, audio, [5, 7])

    for clip in range(2):
        outputs, alone = _hear(session, audio[clip : clip + 1], [12])
        _assert_close(outputs, {name: value[clip : clip + 1] for name, value in both.items()})
        _assert_close(alone, {name: value[clip : clip + 1] for name, value in states.items()})


@pytest.mark.parametrize("frames", [1, 2, MAX_FRAMES_PER_CALL])
def test_the_graph_hears_up_to_ten_seconds_at_once(
    session: onnxruntime.InferenceSession, untrained: JointModel, frames: int
) -> None:
    outputs, _ = _hear(session, some_sound(frames * FRAME), [frames])

    assert outputs["logits"].shape == (1, frames, len(untrained.labels))
    assert outputs["log_mel"].shape == (1, 10 * frames, 64)


def test_extreme_sounds_give_finite_outputs(session: onnxruntime.InferenceSession) -> None:
    square = (1.0 - 2.0 * (torch.arange(30 * FRAME) // 8 % 2))[None]
    for audio in (torch.zeros(1, 30 * FRAME), square):
        outputs, states = _hear(session, audio, [10, 10, 10])
        assert all(np.isfinite(value).all() for value in (*outputs.values(), *states.values()))


def test_the_inputs_are_those_of_the_format(
    session: onnxruntime.InferenceSession, untrained: JointModel
) -> None:
    inputs = {node.name: node.shape for node in session.get_inputs()}

    states = [f"state_{i}" for i in range(len(untrained.state_shapes))]
    assert list(inputs) == ["audio", "scale", "bias", *states]
    assert [tuple(inputs[name][1:]) for name in states] == [
        tuple(shape) for shape in untrained.state_shapes
    ]
    assert all(isinstance(inputs[name][0], str) for name in ("audio", *states))  # clips


def test_the_bundle_loads_and_hears_what_torch_hears(exported: Path, untrained: JointModel) -> None:
    bundle = load_bundle(exported)
    audio = some_sound(25 * FRAME)[0].numpy()

    found = StreamingDetector(bundle).feed(AudioChunk(samples=audio, sample_rate_hz=16_000))

    facts = BundleFacts(
        name="", scale=bundle.info["calibration"]["scale"], bias=bundle.info["calibration"]["bias"]
    )
    expected = calibrated_posteriors(untrained, facts, audio)
    np.testing.assert_allclose(found.values, expected, atol=1e-4)
    assert bundle.name == "untrained"
    assert bundle.scale[bundle.labels.index["alarm"]] == 0.5
    assert bundle.bias[bundle.labels.index["cat"]] == 0.0


def test_the_files_are_those_that_are_listed_with_their_hashes(exported: Path) -> None:
    info = yaml.safe_load((exported / "bundle.yaml").read_text(encoding="utf-8"))

    assert set(info["files"]) | {"bundle.yaml"} == {path.name for path in exported.iterdir()}
    for name, digest in info["files"].items():
        assert hashlib.sha256((exported / name).read_bytes()).hexdigest() == digest
    assert sum(path.stat().st_size for path in exported.iterdir()) < 8e6


def test_the_description_says_where_the_weights_come_from(
    exported: Path, untrained: JointModel
) -> None:
    info = yaml.safe_load((exported / "bundle.yaml").read_text(encoding="utf-8"))

    assert info["format_version"] == 2
    assert info["digest"] == canonical_digest(info)
    assert info["licence"] == "CC BY-NC-SA 4.0"
    assert info["ontology_digest"] == ontology.load(exported / "ontology.yaml").digest
    assert info["architecture"]["parameters"] == sum(p.numel() for p in untrained.parameters())
    assert info["front_end"]["mel_bands"] == 64
    assert info["data"] == [{"source": "made", "licence": "CC0-1.0", "clips": 3}]
    assert info["quality"] == {"average_precision_dev": {"dog": 0.5}}
    assert info["training"]["run"] == {"exclude_groups": ["a", "b"]}


def test_nothing_of_the_machine_that_exported_is_in_the_files(exported: Path) -> None:
    for path in exported.iterdir():
        content = path.read_bytes()
        for trace in (
            str(ROOT),
            str(Path.home()),
            str(Path(torch.__file__).parent),
            "site-packages",
        ):
            assert trace.encode() not in content, (path.name, trace)
    model = onnx.load(exported / "model.onnx")
    assert not any(node.metadata_props for node in model.graph.node)
    assert not model.functions


def test_the_weights_start_another_model_where_this_one_stands(
    exported: Path, untrained: JointModel, labels: LabelSet
) -> None:
    other = lively_model(labels, seed=6)
    other.load_state_dict(load_file(exported / "weights.safetensors"))

    audio = some_sound(10 * FRAME)
    with torch.inference_mode():
        torch.testing.assert_close(other(audio).logits, untrained(audio).logits)


def test_the_self_test_clip_is_whole_frames_of_what_was_given(
    exported: Path, labels: LabelSet
) -> None:
    with np.load(exported / "selftest.npz") as arrays:
        assert arrays["audio"].shape == (50 * FRAME,)
        assert arrays["posteriors"].shape == (50, len(labels))
        assert arrays["audio"].dtype == arrays["posteriors"].dtype == np.float32
