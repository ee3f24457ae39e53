"""Lets a graph pick columns quickly.

torch writes `index_select` as Gather, for which onnxruntime copies each number by a call of memcpy.
ArrayFeatureExtractor does the same for the last axis and takes a quarter of the time: with hundreds
of nodes, the tree's products otherwise cost more than its decisions.
"""

import onnx
from onnx import helper, numpy_helper

_DOMAIN = "ai.onnx.ml"
_VERSION = 1


def with_quick_columns(model: onnx.ModelProto) -> None:
    """Turn every Gather of constant columns into an ArrayFeatureExtractor, in place.

    Columns are those of the last axis, counted from the front.
    """
    graph = model.graph
    columns = {
        each.name
        for each in graph.initializer
        if len(each.dims) == 1 and each.dims[0] and (numpy_helper.to_array(each) >= 0).all()
    }
    ranks = {
        value.name: len(value.type.tensor_type.shape.dim)
        for value in [*graph.value_info, *graph.input]
        if value.type.tensor_type.HasField("shape")
    }
    changed = False
    for node in graph.node:
        if node.op_type == "Gather" and node.input[1] in columns and _is_last(node, ranks):
            node.op_type, node.domain = "ArrayFeatureExtractor", _DOMAIN
            del node.attribute[:]
            changed = True
    if changed:
        model.opset_import.append(helper.make_opsetid(_DOMAIN, _VERSION))


def _is_last(gather: onnx.NodeProto, ranks: dict[str, int]) -> bool:
    """Whether a Gather picks from the last of several axes."""
    axis = next((each.i for each in gather.attribute if each.name == "axis"), 0)
    rank = ranks.get(gather.input[0], 0)
    return rank > 1 and axis in (-1, rank - 1)
