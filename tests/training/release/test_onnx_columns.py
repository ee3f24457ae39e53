"""Columns of exported graphs are picked by another kernel, and nothing else changes."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from training.release.onnx_columns import with_quick_columns


def _graph(axis: int, columns: NDArray[np.int64], shape: tuple[int, ...]) -> onnx.ModelProto:
    """Picks columns of `audio` on an axis."""
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        [helper.make_node("Gather", ["audio", "columns"], ["picked"], axis=axis)],
        "pick",
        [value("audio", TensorProto.FLOAT, ["B", *shape[1:]])],
        [value("picked", TensorProto.FLOAT, ["X"] * (len(shape) - 1 + columns.ndim))],
        [numpy_helper.from_array(columns, "columns")],
    )
    opset = [helper.make_opsetid("", 18)]
    model: onnx.ModelProto = helper.make_model(graph, opset_imports=opset, ir_version=9)
    return model


def _run(model: onnx.ModelProto, audio: NDArray[np.float32]) -> NDArray[np.float32]:
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    found: NDArray[np.float32] = session.run(None, {"audio": audio})[0]
    return found


@pytest.mark.parametrize("axis", [2, -1])
@pytest.mark.parametrize("clips", [1, 3])
def test_columns_of_the_last_axis_are_picked_as_before(axis: int, clips: int) -> None:
    audio = np.random.default_rng(0).standard_normal((clips, 2, 5)).astype(np.float32)
    model = _graph(axis, np.array([4, 0, 0, 3, 1, 2]), audio.shape)
    expected = _run(model, audio)

    with_quick_columns(model)

    onnx.checker.check_model(model)
    assert [node.op_type for node in model.graph.node] == ["ArrayFeatureExtractor"]
    np.testing.assert_array_equal(_run(model, audio), expected)


@pytest.mark.parametrize(
    ("axis", "columns"),
    [(1, [1, 0]), (0, [0]), (2, [-1, 0]), (2, [[0, 1], [1, 0]])],
    ids=["other axis", "first axis", "counted from behind", "of two axes"],
)
def test_whatever_else_is_picked_is_left_alone(axis: int, columns: list[int]) -> None:
    model = _graph(axis, np.array(columns), (1, 2, 5))
    before = model.SerializeToString()

    with_quick_columns(model)

    assert model.SerializeToString() == before


def test_an_exported_tree_picks_its_columns_quickly(exported: Path) -> None:
    model = onnx.load(exported / "model.onnx")
    kinds = [node.op_type for node in model.graph.node]

    assert kinds.count("ArrayFeatureExtractor") == 2  # of three levels
    assert not any(
        node.op_type == "Gather" and "index_select" in node.name for node in model.graph.node
    )
