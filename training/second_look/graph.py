"""The verifier's graph: pools a window into features, and judges them by a logistic regression.

The same nodes make the features that are fitted and those that are judged, so the two cannot
drift apart.

Axes: T posterior frames, D embedding, N ontology nodes, L log-mel frames, F mel bands, M measures
of tones, K features, G guards.
"""

from collections.abc import Mapping

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper

from aed.inference import open_session
from aed.tone_measures import TONE_MEASURES
from aed.verifier import Window, as_inputs

_OPSET = 18
_IR_VERSION = 9
_RECENT_FRAMES = 5
_LEAST_POSTERIOR = 1e-4

Widths = Mapping[str, int]
"""Last axis of `embedding`, `posteriors` and `log_mel`."""


class Pooling:
    """The graph up to the features.

    Args:
        widths: of the bundle's outputs.
    """

    def __init__(self, widths: Widths) -> None:
        self._session = open_session(_model(widths, None).SerializeToString())

    def features(self, window: Window) -> NDArray[np.float32]:
        """Features (K,) of a window."""
        (features,) = self._session.run(["features"], as_inputs(window))
        first: NDArray[np.float32] = features[0]
        return first


def verifier(widths: Widths, weights: NDArray[np.float32], bias: NDArray[np.float32]) -> bytes:
    """The ONNX file of a verifier.

    Args:
        widths: of the bundle's outputs.
        weights: (K, G) of the features as they are.
        bias: (G,).
    """
    content: bytes = _model(widths, (weights, bias)).SerializeToString()
    return content


def _model(
    widths: Widths, judgement: tuple[NDArray[np.float32], NDArray[np.float32]] | None
) -> onnx.ModelProto:
    constants = {
        "time": np.array([1]),
        "bands": np.array([1, 2]),
        "recent": np.array([-_RECENT_FRAMES]),
        "recent_mel": np.array([-10 * _RECENT_FRAMES]),
        "end": np.array([np.iinfo(np.int64).max]),
        "least": np.array(_LEAST_POSTERIOR, np.float32),
    }
    nodes = [
        *_pooled("embedding", "recent"),
        helper.make_node("Max", ["posteriors", "least"], ["possible"]),
        helper.make_node("Log", ["possible"], ["log_posteriors"]),
        *_pooled("log_posteriors", "recent"),
        # What matters of a spectrum is its shape, not how far away the microphone hangs.
        helper.make_node("ReduceMean", ["log_mel", "bands"], ["level"], keepdims=1),
        helper.make_node("Sub", ["log_mel", "level"], ["shape"]),
        *_pooled("shape", "recent_mel"),
        helper.make_node(
            "Concat",
            [
                *(
                    f"{name}_{pool}"
                    for name in ("embedding", "log_posteriors", "shape")
                    for pool in ("mean", "highest", "lately")
                ),
                "tones",
            ],
            ["features"],
            axis=1,
        ),
    ]
    output = helper.make_tensor_value_info("features", TensorProto.FLOAT, [1, None])
    if judgement is not None:
        weights, bias = judgement
        constants |= {"weights": weights.astype(np.float32), "bias": bias.astype(np.float32)}
        nodes += [
            helper.make_node("Gemm", ["features", "weights", "bias"], ["logit"]),
            helper.make_node("Sigmoid", ["logit"], ["probability"]),
        ]
        output = helper.make_tensor_value_info("probability", TensorProto.FLOAT, [1, len(bias)])
    lengths = {"embedding": "T", "posteriors": "T", "log_mel": "L"}
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, length, widths[name]])
        for name, length in lengths.items()
    ]
    inputs.append(
        helper.make_tensor_value_info("tones", TensorProto.FLOAT, [1, len(TONE_MEASURES)])
    )
    model: onnx.ModelProto = helper.make_model(
        helper.make_graph(
            nodes,
            "second_look",
            inputs,
            [output],
            [numpy_helper.from_array(value, name) for name, value in constants.items()],
        ),
        opset_imports=[helper.make_opsetid("", _OPSET)],
        ir_version=_IR_VERSION,
        producer_name="aed",
    )
    onnx.checker.check_model(model)
    return model


def _pooled(name: str, recent: str) -> list[NodeProto]:
    """Mean and maximum over the window, and the mean of its last half second."""
    return [
        helper.make_node("ReduceMean", [name, "time"], [f"{name}_mean"], keepdims=0),
        helper.make_node("ReduceMax", [name, "time"], [f"{name}_highest"], keepdims=0),
        helper.make_node("Slice", [name, recent, "end", "time"], [f"{name}_recent"]),
        helper.make_node("ReduceMean", [f"{name}_recent", "time"], [f"{name}_lately"], keepdims=0),
    ]
