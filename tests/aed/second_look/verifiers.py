"""Tiny verifiers, so that tests of the second look depend on no training."""

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from aed.inference import open_session
from aed.tone_measures import TONE_MEASURES
from aed.verifier import Guard, Verifier

DIMENSIONS = 3
GUARDS = (
    Guard(node="life_safety", threshold=0.5),
    Guard(node="window_glass", threshold=0.5),
)


def tiny_verifier(*, bias: float, embedding: float = 0.0) -> Verifier:
    """Judges every guard by the mean of the first dimension of the embedding."""
    return Verifier(
        session=open_session(verifier_file(bias=bias, embedding=embedding)), guards=GUARDS
    )


def verifier_file(*, bias: float, embedding: float = 0.0, guards: int = len(GUARDS)) -> bytes:
    """σ(bias + embedding * mean of the first dimension) for each guard, as an ONNX file."""
    value = helper.make_tensor_value_info
    constants = {
        "time": np.array([1]),
        "first": np.array([0]),
        "one": np.array([1]),
        "dimension": np.array([1]),
        "weight": np.full((1, guards), embedding, np.float32),
        "bias": np.full(guards, bias, np.float32),
    }
    nodes = [
        helper.make_node("ReduceMean", ["embedding", "time"], ["mean"], keepdims=0),
        helper.make_node("Slice", ["mean", "first", "one", "dimension"], ["of_first"]),
        helper.make_node("Gemm", ["of_first", "weight", "bias"], ["logit"]),
        helper.make_node("Sigmoid", ["logit"], ["probability"]),
    ]
    graph = helper.make_graph(
        nodes,
        "verifier",
        [
            value("embedding", TensorProto.FLOAT, [1, "T", None]),
            value("posteriors", TensorProto.FLOAT, [1, "T", None]),
            value("log_mel", TensorProto.FLOAT, [1, "L", None]),
            value("tones", TensorProto.FLOAT, [1, len(TONE_MEASURES)]),
        ],
        [value("probability", TensorProto.FLOAT, [1, guards])],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    content: bytes = model.SerializeToString()
    return content
