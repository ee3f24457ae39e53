"""Reshapes of exported graphs get constant shapes, and nothing else changes."""

import numpy as np
import onnx
import onnxruntime
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from training.release.onnx_shapes import with_constant_shapes


def _graph(*sizes: str) -> onnx.ModelProto:
    """Reshapes audio (B, S) to sizes worked out from its shape: `clips`, `ten` or `rest`."""
    constants = {"ten": [10], "first": 0, "second": 1, "axis": [0]}
    nodes = [
        helper.make_node("Shape", ["audio"], ["shape"]),
        helper.make_node("Gather", ["shape", "first"], ["one_clips"]),
        helper.make_node("Gather", ["shape", "second"], ["samples"]),
        helper.make_node("Unsqueeze", ["one_clips", "axis"], ["clips"]),
        helper.make_node("Div", ["samples", "ten"], ["rest"]),
        helper.make_node("Concat", list(sizes), ["wanted"], axis=0),
        helper.make_node("Reshape", ["audio", "wanted"], ["frames"], allowzero=1),
    ]
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes,
        "reshape",
        [value("audio", TensorProto.FLOAT, ["B", "S"])],
        [value("frames", TensorProto.FLOAT, ["X"] * len(sizes))],
        [
            numpy_helper.from_array(np.array(each, np.int64), name)
            for name, each in constants.items()
        ],
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


@pytest.mark.parametrize("sizes", [("clips", "rest", "ten"), ("clips", "ten", "rest")])
@pytest.mark.parametrize("clips", [1, 3])
def test_a_reshape_gives_the_same_without_looking_at_shapes(
    sizes: tuple[str, ...], clips: int
) -> None:
    audio = np.arange(clips * 40, dtype=np.float32).reshape(clips, 40)
    model = _graph(*sizes)
    expected = _run(model, audio)

    with_constant_shapes(model)

    assert [node.op_type for node in model.graph.node] == ["Reshape"]
    np.testing.assert_array_equal(_run(model, audio), expected)


def test_a_reshape_with_two_free_axes_is_left_alone() -> None:
    model = _graph("clips", "rest", "rest", "ten")

    with_constant_shapes(model)

    assert "Concat" in [node.op_type for node in model.graph.node]
