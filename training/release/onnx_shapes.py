"""Makes the shapes of an exported graph constants, so that no call spends time on working them out.

torch writes a reshape whose sizes are not all known as a handful of kernels that look at shapes,
divide and join. ONNX needs none of them: in a constant shape 0 keeps the axis at that place (the
clips), and -1 is what is left (the time).
"""

import numpy as np
import onnx
from onnx import numpy_helper


def with_constant_shapes(model: onnx.ModelProto) -> None:
    """Give every reshape with at most one free axis beside the first a constant shape, in place.

    What is no longer needed is taken out of the graph.
    """
    graph = model.graph
    makers = {name: node for node in graph.node for name in node.output}
    constants = {each.name: numpy_helper.to_array(each) for each in graph.initializer}
    for node in graph.node:
        maker = makers.get(node.input[1]) if node.op_type == "Reshape" else None
        if maker is None or maker.op_type != "Concat":
            continue
        shape = _constant_shape(maker, constants)
        if shape.count(-1) <= 1:
            name = f"{node.name}_shape"
            graph.initializer.append(numpy_helper.from_array(np.array(shape, np.int64), name))
            node.input[1] = name
            del node.attribute[:]  # `allowzero`, which would take a 0 for an empty axis
    _drop_unused(graph)


def _constant_shape(concat: onnx.NodeProto, constants: dict[str, np.ndarray]) -> list[int]:
    """The sizes that a concatenation puts together: constants, 0 for the first axis, else -1."""
    shape: list[int] = []
    for place, name in enumerate(concat.input):
        if name in constants:
            shape += constants[name].tolist()
        else:
            shape.append(0 if place == 0 else -1)
    return shape


def _drop_unused(graph: onnx.GraphProto) -> None:
    """Take out nodes and constants on which no output depends."""
    needed = {output.name for output in graph.output}
    used = []
    for node in reversed(graph.node):  # ONNX demands topological order
        if needed & set(node.output):
            needed |= set(node.input)
            used.append(node)
    constants = [each for each in graph.initializer if each.name in needed]
    for field, kept in ((graph.node, used[::-1]), (graph.initializer, constants)):
        del field[:]
        field.extend(kept)
