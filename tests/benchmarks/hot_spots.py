"""Where aed's time goes: front end or network, and which kernels.

onnxruntime's profiler gives the time of every kernel. A kernel belongs to the front end if the
graph's `log_mel` output depends on it, else to the network. The profiler itself slows calls down
several times, so shares are told here and the cost of a call is told by `cost.cost_per_call`.
"""

import json
import tempfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import onnxruntime

from aed.audio import SAMPLE_RATE_HZ
from aed.inference import session_options
from tests.benchmarks.contestants import Samples

if TYPE_CHECKING:
    from aed.bundle import Bundle


@dataclass(frozen=True, slots=True, kw_only=True)
class HotSpots:
    """Wall time of kernels under the profiler, in ms per second of audio.

    Attributes:
        front_end_ms: kernels that `log_mel` depends on.
        network_ms: all other kernels.
        kernels_per_call: how many kernels one call runs.
        kernels_ms: `front end Conv` and the like to their time, the most expensive first.
    """

    front_end_ms: float
    network_ms: float
    kernels_per_call: int
    kernels_ms: Mapping[str, float]


def hot_spots(bundle: "Bundle", samples: Samples, hop_samples: int) -> HotSpots:
    """Profile the graph of a bundle.

    Args:
        bundle: whose `model.onnx` is profiled.
        samples: (S,) float32 at 16 kHz.
        hop_samples: samples per call.
    """
    events, optimised, calls = profiled(bundle.path / "model.onnx", samples, hop_samples)
    front_end = ancestors(optimised, "log_mel")
    return _attributed(events, front_end, calls, calls * hop_samples / SAMPLE_RATE_HZ)


def profiled(
    graph: Path, samples: Samples, hop_samples: int
) -> tuple[list[dict[str, Any]], onnx.ModelProto, int]:
    """Hear a recording under onnxruntime's profiler.

    Args:
        graph: of a bundle.
        samples: (S,) float32 at 16 kHz.
        hop_samples: samples per call.

    Returns:
        The profiler's events, the graph as it was run, and the number of calls.
    """
    with tempfile.TemporaryDirectory() as folder:
        optimised = Path(folder) / "optimised.onnx"
        options = session_options()  # the product's own
        options.enable_profiling = True
        options.profile_file_prefix = str(Path(folder) / "profile")
        options.optimized_model_filepath = str(optimised)
        session = onnxruntime.InferenceSession(
            str(graph), options, providers=["CPUExecutionProvider"]
        )
        calls = _run(session, samples, hop_samples)
        events = json.loads(Path(session.end_profiling()).read_text())
        return events, onnx.load(optimised), calls


def ancestors(model: onnx.ModelProto, output: str) -> set[str]:
    """Names of the nodes that one output of a graph depends on.

    Args:
        model: its nodes are in topological order, as ONNX demands.
        output: name of the output.
    """
    needed = {output}
    names = set()
    for node in reversed(model.graph.node):
        if needed & set(node.output):
            needed |= set(node.input)
            names.add(node.name)
    return names


def _run(session: onnxruntime.InferenceSession, samples: Samples, hop_samples: int) -> int:
    """Hear all whole blocks; gives their number."""
    shapes = {node.name: node.shape for node in session.get_inputs() if node.name != "audio"}
    calibration = {name: np.ones(shapes.pop(name), np.float32) for name in ("scale", "bias")}
    states = {name: np.zeros([1, *shape[1:]], np.float32) for name, shape in shapes.items()}
    wanted = ["posteriors", *(f"next_{name}" for name in states)]
    calls = len(samples) // hop_samples
    for number in range(calls):
        audio = samples[None, number * hop_samples : (number + 1) * hop_samples]
        _, *new = session.run(wanted, {"audio": audio, **calibration, **states})
        states = dict(zip(states, new, strict=True))
    return calls


def _attributed(
    events: list[dict[str, Any]], front_end: set[str], calls: int, duration_s: float
) -> HotSpots:
    kernels: Counter[str] = Counter()
    count = 0
    for event in events:
        if event["cat"] == "Node" and event["name"].endswith("_kernel_time"):
            name = event["name"].removesuffix("_kernel_time")
            part = "front end" if name in front_end else "network"
            kernels[f"{part} {event['args']['op_name']}"] += event["dur"]
            count += 1
    per_s = {name: us / 1000.0 / duration_s for name, us in kernels.most_common()}
    front_end_ms = sum(ms for name, ms in per_s.items() if name.startswith("front end"))
    return HotSpots(
        front_end_ms=front_end_ms,
        network_ms=sum(per_s.values()) - front_end_ms,
        kernels_per_call=round(count / calls),
        kernels_ms=per_s,
    )
