"""`python -m tests.benchmarks.scale.learning NODES ONNX`: steps of training in a fresh process.

Prints JSON, and leaves the graph of the model at ONNX.

Axes: B scenes, T posterior frames, N ontology nodes.
"""

import json
import resource
import statistics
import sys
import time
from pathlib import Path

import torch
from torch import Tensor

from ontology import LabelSet
from tests.benchmarks.scale.trees import labels_of
from training.loop.config import RunConfig
from training.loop.run import Run
from training.release.export import export_onnx

STEPS = 5
_BYTES_PER_KIBIBYTE = 1024


def main(nodes: int, graph: Path) -> None:
    """Train some steps of noise with the sizes of a real run, then export."""
    torch.set_num_threads(1)
    labels = labels_of(nodes)
    run = Run(RunConfig(), labels)
    mixture = run.config.mixture
    scenes, frames = run.config.batch_scenes, mixture.samples // 1_600
    generator = torch.Generator().manual_seed(0)
    audio = 0.01 * torch.randn(scenes, mixture.samples, generator=generator)
    true = _truth(labels, scenes, frames, generator)
    unknown = torch.zeros_like(true)
    spent_s = []
    for _ in range(STEPS + 1):
        began_s = time.process_time()
        run.train_step(audio, true, unknown)
        spent_s.append(time.process_time() - began_s)
    most_bytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _BYTES_PER_KIBIBYTE
    export_onnx(run.averaged_model(), graph)
    print(
        json.dumps(
            {
                "parameters": sum(each.numel() for each in run.model.parameters()),
                "levels": int(labels.depth.max()) + 1,
                "train_step_s": statistics.median(spent_s[1:]),  # the first one warms up
                "train_memory_mb": most_bytes / 1e6,
                "graph_mb": graph.stat().st_size / 1e6,
            }
        )
    )


def _truth(labels: LabelSet, scenes: int, frames: int, generator: torch.Generator) -> Tensor:
    """One sound in each frame, its super-categories included, (B, T, N) bool."""
    columns = torch.randint(len(labels), (scenes, frames), generator=generator)
    return torch.from_numpy(labels.ancestors.copy())[columns]


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
