"""Some steps of a run on made-up scenes, by however many processes torchrun starts.

`torchrun --standalone --nproc-per-node=2 -m tests.training.shared_steps OUT` writes OUT.
"""

import sys
from pathlib import Path

import torch
from lightning_fabric import Fabric

import ontology
from ontology import LabelSet
from training.loop.config import RunConfig
from training.loop.consistency import ConsistencyConfig
from training.loop.machine import machine
from training.loop.run import Run
from training.loop.train import Share

STEPS, BATCH = 3, 4
CONFIG = RunConfig(
    name="shared",
    steps=STEPS,
    batch_scenes=BATCH,
    warmup_steps=1,
    consistency=ConsistencyConfig(weight=1.0, threshold=0.5, ramp_steps=1),
)


def take_steps(fabric: Fabric, checkpoint: Path) -> None:
    """Take three steps on this process's share of every batch, and save after each."""
    labels = LabelSet(ontology.home())
    run = Run(CONFIG, labels, fabric)
    generator = torch.Generator().manual_seed(7)
    scenes = STEPS * BATCH
    audio = 0.1 * torch.randn(scenes, 16_000, generator=generator, dtype=torch.float64)
    leaves = torch.randint(len(labels), (scenes, 10), generator=generator)
    true = torch.from_numpy(labels.ancestors[leaves.numpy()])  # (scenes, T, N)
    unknown = (torch.rand(true.shape, generator=generator) < 0.3) & ~true
    distorted = 0.5 * audio.roll(1, dims=1)
    share = Share(
        range(STEPS), batch=BATCH, process=fabric.global_rank, processes=fabric.world_size
    )
    mine = torch.tensor(list(share)).reshape(STEPS, share.share)
    for indices in mine:
        run.train_step(audio[indices], true[indices], unknown[indices], distorted[indices])
        run.save(checkpoint)  # which must not change what the run tells


if __name__ == "__main__":
    with machine("cpu", "64-true") as started:
        take_steps(started, Path(sys.argv[1]))
