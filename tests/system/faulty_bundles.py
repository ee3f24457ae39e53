"""The loudness bundle with a fault that shows only while it runs: it hangs, is slow, or falters."""

import hashlib
import shutil
import time
from pathlib import Path

import numpy as np
import onnx
import yaml
from onnx import NodeProto, TensorProto, helper, numpy_helper

from aed.bundle_description import canonical_digest
from aed.inference import open_session
from tests.system.loudness_bundle import HOP_SAMPLES

_ENDLESS = 10**15
_NOUGHT = numpy_helper.from_array(np.array(0.0, np.float32), "nought")
_FRAME_TAKES_S = 0.3
"""Of the slow bundle; the frame is of a tenth of a second."""

_TRIED_ROUNDS = 50_000


def write_hanging_bundle(folder: Path, loudness: Path) -> Path:
    """Write a bundle whose model never returns once the loud source is loud; returns its folder.

    The clip of the self-test is a little louder than that source.
    """
    nodes = [
        *_is_as_loud_as_the_source(),
        helper.make_node("Mul", ["is_loud_now", "rounds"], ["trips"]),
    ]
    constants = {**_LOUDNESS_OF_THE_SOURCE, "rounds": np.array(_ENDLESS)}
    return _write(folder, loudness, [*nodes, _loop()], constants)


def write_slow_bundle(folder: Path, loudness: Path) -> Path:
    """Write a bundle that takes longer to hear a second than a second; returns its folder."""
    nodes = [
        helper.make_node("Size", ["audio"], ["num_samples"]),
        helper.make_node("Div", ["num_samples", "hop"], ["num_frames"]),
        helper.make_node("Mul", ["num_frames", "rounds"], ["trips"]),
    ]
    constants = {"hop": np.array(HOP_SAMPLES), "rounds": np.array(_rounds_of(_FRAME_TAKES_S))}
    return _write(folder, loudness, [*nodes, _loop()], constants)


def write_bundle_that_slows_down(folder: Path, loudness: Path) -> Path:
    """Write a bundle that is as slow as the slow one while it is loud; returns its folder.

    The clip of the self-test is a little louder than the loud source.
    """
    nodes = [
        *_is_as_loud_as_the_source(),
        helper.make_node("Size", ["audio"], ["num_samples"]),
        helper.make_node("Div", ["num_samples", "hop"], ["num_frames"]),
        helper.make_node("Mul", ["num_frames", "rounds"], ["loud_trips"]),
        helper.make_node("Mul", ["loud_trips", "is_loud_now"], ["trips"]),
    ]
    constants = {
        **_LOUDNESS_OF_THE_SOURCE,
        "hop": np.array(HOP_SAMPLES),
        "rounds": np.array(_rounds_of(_FRAME_TAKES_S)),
    }
    return _write(folder, loudness, [*nodes, _loop()], constants)


def write_bundle_of_no_numbers(folder: Path, loudness: Path) -> Path:
    """Write a bundle whose posteriors are no numbers while it is loud; returns its folder."""
    nodes = [
        *_is_as_loud_as_the_source(),
        helper.make_node("Cast", ["is_loud_now"], ["is_loud_float"], to=TensorProto.FLOAT),
        helper.make_node("Sub", ["one", "is_loud_float"], ["divisor"]),
        helper.make_node("Div", ["nought", "divisor"], ["fault"]),
    ]
    constants = {**_LOUDNESS_OF_THE_SOURCE, "one": np.array(1.0, np.float32)}
    return _write(folder, loudness, nodes, constants, output="posteriors")


def write_failing_bundle(folder: Path, loudness: Path) -> Path:
    """Write a bundle that cannot be computed while it is loud; returns its folder."""
    nodes = [
        *_is_as_loud_as_the_source(),
        helper.make_node("Gather", ["only_one", "is_loud_now"], ["fault"]),
    ]
    constants = {**_LOUDNESS_OF_THE_SOURCE, "only_one": np.zeros(1, np.float32)}
    return _write(folder, loudness, nodes, constants)


def write_faltering_bundle(folder: Path, loudness: Path, *, passes_first: bool = True) -> Path:
    """Write a bundle that fails its self-test, on loading or only later; returns its folder.

    onnxruntime's random numbers begin with the same ones in each process: 0.00001 and 0.13, the two
    calls of the test on loading, and then 0.76, 0.46, 0.53, 0.22.
    """
    nodes = [
        helper.make_node("RandomUniform", [], ["chance"], shape=[1], seed=1.0),
        helper.make_node("Greater", ["chance", "first"], ["is_later"]),
        helper.make_node("Cast", ["is_later"], ["falters"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["falters", "shift"], ["fault"]),
    ]
    first = 0.14 if passes_first else -1.0
    constants = {"first": np.array(first, np.float32), "shift": np.array(5.0, np.float32)}
    return _write(folder, loudness, nodes, constants)


def write_numberless_bundle(folder: Path, loudness: Path) -> Path:
    """Write a bundle that gives no numbers, whatever it hears; returns its folder."""
    nodes = [helper.make_node("Identity", ["no_number"], ["fault"])]
    return _write(folder, loudness, nodes, {"no_number": np.array(np.nan, np.float32)})


_LOUDNESS_OF_THE_SOURCE = {
    "as_loud_as": np.array(0.2, np.float32),
    "not_as_loud_as": np.array(0.245, np.float32),
}


def _is_as_loud_as_the_source() -> list[NodeProto]:
    """One while the loud source is loud, as a whole number, else nought: `is_loud_now`."""
    return [
        helper.make_node("ReduceMax", ["power"], ["loudest"], keepdims=0),
        helper.make_node("Greater", ["loudest", "as_loud_as"], ["is_loud"]),
        helper.make_node("Less", ["loudest", "not_as_loud_as"], ["is_no_clip"]),
        helper.make_node("And", ["is_loud", "is_no_clip"], ["is_source"]),
        helper.make_node("Cast", ["is_source"], ["is_loud_now"], to=TensorProto.INT64),
    ]


def _loop() -> NodeProto:
    """A loop of so many `trips`, whose result, the `fault`, is nought."""
    value = helper.make_tensor_value_info
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["goes_on"], ["still_goes_on"]),
            helper.make_node("Sin", ["before"], ["after"]),
        ],
        "body",
        [
            value("round", TensorProto.INT64, []),
            value("goes_on", TensorProto.BOOL, []),
            value("before", TensorProto.FLOAT, []),
        ],
        [value("still_goes_on", TensorProto.BOOL, []), value("after", TensorProto.FLOAT, [])],
    )
    return helper.make_node("Loop", ["trips", "", "nought"], ["fault"], body=body)


def _rounds_of(seconds: float) -> int:
    """How often the loop goes round in so many seconds, here and now."""
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        [_loop()],
        "loop",
        [value("trips", TensorProto.INT64, [])],
        [value("fault", TensorProto.FLOAT, [])],
        [_NOUGHT],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    session = open_session(model.SerializeToString())
    begin_s = time.perf_counter()
    session.run(None, {"trips": np.array(_TRIED_ROUNDS)})
    return int(_TRIED_ROUNDS * seconds / (time.perf_counter() - begin_s))


def _write(
    folder: Path,
    loudness: Path,
    nodes: list[NodeProto],
    constants: dict[str, np.ndarray],
    *,
    output: str = "logits",
) -> Path:
    """Copy the bundle, with a `fault` added to its logits, or to another output."""
    shutil.copytree(loudness, folder)
    model = onnx.load(folder / "model.onnx")
    model.graph.initializer.extend(
        [_NOUGHT, *(numpy_helper.from_array(value, name) for name, value in constants.items())]
    )
    found = list(model.graph.node)
    end = next(i for i, node in enumerate(found) if node.output[0] == output)
    found[end].output[0] = f"true_{output}"
    add = helper.make_node("Add", [f"true_{output}", "fault"], [output])
    del model.graph.node[:]
    model.graph.node.extend([*found[: end + 1], *nodes, add, *found[end + 1 :]])
    onnx.checker.check_model(model)
    onnx.save(model, folder / "model.onnx")
    description = yaml.safe_load((folder / "bundle.yaml").read_text())
    digest = hashlib.sha256((folder / "model.onnx").read_bytes()).hexdigest()
    description["files"]["model.onnx"] = digest
    del description["digest"]
    description["digest"] = canonical_digest(description)
    (folder / "bundle.yaml").write_text(yaml.safe_dump(description), encoding="utf-8")
    return folder
