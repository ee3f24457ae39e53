"""`python -m tests.benchmarks.scale.hearing ONNX`: calls of a graph in a fresh process.

Prints JSON. The share of the tree head is told twice: by onnxruntime's profiler, whose own cost
lies on every kernel alike, and by processor time without it, of the graph with and without head.
The least of many rounds counts: whatever else the machine does only adds.
"""

import json
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime

from aed.audio import SAMPLE_RATE_HZ
from aed.inference import open_session
from tests.benchmarks.contestants import DAEMON_CALLS_PER_S
from tests.benchmarks.fresh import proportional_set_size_bytes
from tests.benchmarks.hot_spots import ancestors, profiled

ROUNDS = 60
CALLS_A_ROUND = 40
PROFILED_S = 60
HOP_SAMPLES = SAMPLE_RATE_HZ // DAEMON_CALLS_PER_S


def main(graph: Path) -> None:
    """Measure."""
    sessions = {"whole": open_session(graph.read_bytes())}
    _costs_us(sessions, rounds=1)
    memory_mb = proportional_set_size_bytes("self") / 1e6
    model = onnx.load(graph)
    sessions["decisions"] = open_session(_without(model, "posteriors"))
    sessions["headless"] = open_session(_without(model, "posteriors", "logits"))
    costs_us = _costs_us(sessions, rounds=ROUNDS)
    print(
        json.dumps(
            {
                "memory_mb": memory_mb,
                "call_us": costs_us["whole"],
                "head_us": costs_us["whole"] - costs_us["headless"],
                "decisions_us": costs_us["decisions"] - costs_us["headless"],
                **_profiled_shares(graph),
            }
        )
    )


def _costs_us(
    sessions: Mapping[str, onnxruntime.InferenceSession], *, rounds: int
) -> dict[str, float]:
    """Processor time of a call, least of all rounds; sessions take turns."""
    bindings = {name: _bound(session) for name, session in sessions.items()}
    costs: defaultdict[str, list[float]] = defaultdict(list)
    for _ in range(rounds):
        for name, session in sessions.items():
            began_s = time.process_time()
            for _ in range(CALLS_A_ROUND):
                session.run_with_iobinding(bindings[name])
            costs[name].append((time.process_time() - began_s) / CALLS_A_ROUND * 1e6)
    return {name: min(each) for name, each in costs.items()}


def _bound(session: onnxruntime.InferenceSession) -> onnxruntime.IOBinding:
    """Quiet noise at the start of a stream, bound to a session."""
    binding = session.io_binding()
    rng = np.random.default_rng(0)
    for value in session.get_inputs():
        if value.name == "audio":
            array = 0.01 * rng.standard_normal((1, HOP_SAMPLES))
        elif value.name in ("scale", "bias"):
            array = np.full(value.shape, float(value.name == "scale"))
        else:
            array = np.zeros([1, *value.shape[1:]])
        binding.bind_cpu_input(value.name, array.astype(np.float32))
    for value in session.get_outputs():
        binding.bind_output(value.name)
    return binding


def _profiled_shares(graph: Path) -> dict[str, float]:
    """What part of all kernels' time is the head's, and the linear decisions' in it.

    The median of each kernel's calls counts: on a busy machine some calls are interrupted.
    """
    samples = 0.01 * np.random.default_rng(0).standard_normal(PROFILED_S * SAMPLE_RATE_HZ)
    events, optimised, _ = profiled(graph, samples.astype(np.float32), HOP_SAMPLES)
    below = ancestors(optimised, "embedding")
    decisions = ancestors(optimised, "logits") - below
    head = (ancestors(optimised, "posteriors") | decisions) - below
    medians = _medians_us(events)
    whole = sum(medians.values())
    return {
        "profiled_head_share": sum(medians.get(name, 0.0) for name in head) / whole,
        "profiled_decisions_share": sum(medians.get(name, 0.0) for name in decisions) / whole,
    }


def _medians_us(events: list[dict[str, Any]]) -> dict[str, float]:
    times: defaultdict[str, list[float]] = defaultdict(list)
    for event in events:
        if event["cat"] == "Node" and event["name"].endswith("_kernel_time"):
            times[event["name"].removesuffix("_kernel_time")].append(event["dur"])
    return {name: statistics.median(each) for name, each in times.items()}


def _without(model: onnx.ModelProto, *dropped: str) -> bytes:
    """The same graph without some outputs, and without the calibration that they alone need."""
    inputs = [each.name for each in model.graph.input if each.name not in ("scale", "bias")]
    outputs = [each.name for each in model.graph.output if each.name not in dropped]
    cut: bytes = onnx.utils.Extractor(model).extract_model(inputs, outputs).SerializeToString()
    return cut


if __name__ == "__main__":
    main(Path(sys.argv[1]))
