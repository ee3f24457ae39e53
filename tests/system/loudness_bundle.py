"""A bundle that takes whatever is loud for a smoke alarm.

The run path is tested with it, so that these tests depend on no training: a level above -20 dBFS
is a smoke alarm with a probability near 1, one below -40 dBFS is nothing.
"""

import hashlib
import io
from pathlib import Path

import numpy as np
import onnx
import yaml
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

import ontology
from aed.bundle_description import canonical_digest
from ontology import LabelSet, Ontology
from tests.marginals import marginals

HEARD = ("alarm", "life_safety", "smoke_alarm")
HOP_SAMPLES = 1_600
MEL_BANDS = 4

_SLOPE = 1.0  # logits per dB
_MIDDLE_DB = -30.0
_LEAST_POWER = 1e-9
_NEVER = -10.0


def write_loudness_bundle(
    folder: Path, *, heard: tuple[str, ...] = HEARD, home: Ontology | None = None
) -> Path:
    """Write the bundle, which takes what is loud for these nodes; returns its folder.

    Args:
        folder: to be made.
        heard: the nodes.
        home: the ontology; None for that of a home.
    """
    home = home or ontology.home()
    labels = LabelSet(home)
    is_heard = np.array([node in heard for node in labels.nodes])
    folder.mkdir(parents=True)
    onnx.save(_graph(is_heard, labels), folder / "model.onnx")
    (folder / "ontology.yaml").write_text(home.source, encoding="utf-8")
    audio = np.concatenate([np.zeros(HOP_SAMPLES), np.full(HOP_SAMPLES, 0.5)]).astype(np.float32)
    clip = io.BytesIO()
    np.savez(clip, audio=audio, posteriors=_posteriors(audio, is_heard, labels))
    (folder / "selftest.npz").write_bytes(clip.getvalue())
    files = ("model.onnx", "ontology.yaml", "selftest.npz")
    description = {
        "format_version": 2,
        "name": "loudness",
        "front_end": {
            "sample_rate_hz": 16_000,
            "hop_samples": 160,
            "fmin_hz": 60.0,
            "fmax_hz": 7_800.0,
        },
        "ontology_digest": home.digest,
        "calibration": {},
        "thresholds": {"default": {"on": 0.5, "off": 0.3, "dwell_s": 0.2, "hold_s": 0.5}},
        "files": {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in files},
    }
    description["digest"] = canonical_digest(description)
    (folder / "bundle.yaml").write_text(yaml.safe_dump(description), encoding="utf-8")
    return folder


def _graph(is_heard: NDArray[np.bool_], labels: LabelSet) -> onnx.ModelProto:
    """Level of each frame in dB, times a slope for the nodes that are heard."""
    num_nodes, value = len(is_heard), helper.make_tensor_value_info
    constants = {
        "frames_shape": np.array([0, -1, HOP_SAMPLES]),
        "mel_shape": np.array([0, -1, MEL_BANDS]),
        "mel_repeats": np.array([1, 1, 10 * MEL_BANDS]),
        "last_axis": np.array([2]),
        "from_natural": np.array(10 / np.log(10), np.float32),
        "paths": labels.ancestors.T.astype(np.float32),
        "least": np.array(1e-30, np.float32),
        "least_power": np.array(_LEAST_POWER, np.float32),
        "slope": np.where(is_heard, _SLOPE * 10 / np.log(10), 0.0).astype(np.float32),
        "offset": np.where(is_heard, -_SLOPE * _MIDDLE_DB, _NEVER).astype(np.float32),
    }
    nodes = [
        helper.make_node("Reshape", ["audio", "frames_shape"], ["frames"]),
        helper.make_node("Mul", ["frames", "frames"], ["squares"]),
        helper.make_node("ReduceMean", ["squares", "last_axis"], ["power"], keepdims=1),
        helper.make_node("Max", ["power", "least_power"], ["audible"]),
        helper.make_node("Log", ["audible"], ["log_power"]),  # (B, T, 1)
        helper.make_node("Mul", ["log_power", "slope"], ["scaled"]),
        helper.make_node("Add", ["scaled", "offset"], ["logits"]),  # (B, T, N)
        helper.make_node("Mul", ["logits", "scale"], ["stretched"]),
        helper.make_node("Add", ["stretched", "bias"], ["calibrated"]),
        helper.make_node("Sigmoid", ["calibrated"], ["conditional"]),
        helper.make_node("Max", ["conditional", "least"], ["possible"]),  # log 0 is no number
        helper.make_node("Log", ["possible"], ["log_conditional"]),
        helper.make_node("MatMul", ["log_conditional", "paths"], ["log_posteriors"]),
        helper.make_node("Exp", ["log_posteriors"], ["posteriors"]),
        helper.make_node("Squeeze", ["log_power", "last_axis"], ["flat"]),
        helper.make_node("Mul", ["flat", "from_natural"], ["level_dbfs"]),  # (B, T)
        helper.make_node("Tile", ["log_power", "mel_repeats"], ["tiled"]),
        helper.make_node("Reshape", ["tiled", "mel_shape"], ["log_mel"]),  # (B, T * 10, F)
    ]
    graph = helper.make_graph(
        nodes,
        "loudness",
        [
            value("audio", TensorProto.FLOAT, ["B", "S"]),
            value("scale", TensorProto.FLOAT, [num_nodes]),
            value("bias", TensorProto.FLOAT, [num_nodes]),
        ],
        [
            value("posteriors", TensorProto.FLOAT, ["B", "T", num_nodes]),
            value("log_mel", TensorProto.FLOAT, ["B", "L", MEL_BANDS]),
            value("level_dbfs", TensorProto.FLOAT, ["B", "T"]),
        ],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model: onnx.ModelProto = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9
    )
    onnx.checker.check_model(model)
    return model


def _posteriors(
    audio: NDArray[np.float32], is_heard: NDArray[np.bool_], labels: LabelSet
) -> NDArray[np.float32]:
    """(T, N): what the graph says, by numpy."""
    power = np.maximum(np.square(audio.reshape(-1, HOP_SAMPLES)).mean(axis=1), _LEAST_POWER)
    level_db = 10 * np.log10(power)[:, None]
    logits = np.where(is_heard, _SLOPE * (level_db - _MIDDLE_DB), _NEVER)
    return marginals(labels, 1 / (1 + np.exp(-logits))).astype(np.float32)
