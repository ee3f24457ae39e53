"""Where a run computes: device, precision, and how many processes share each batch.

One process is the rule. `torchrun --nproc-per-node=N -m -- aed train …` starts N of them, on one
machine or several; each takes its share of every global batch, and all take the step that one
process would have taken (docs/decisions/2026-11-22-one-step-on-any-number-of-processes.md).
"""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import torch
from lightning_fabric import Fabric

from ontology.errors import AedError

Precision = Literal["32-true", "bf16-mixed", "64-true"]
"""None of them scales the loss, so that weights and optimiser are all there is to a checkpoint."""

_TALKATIVE = ("lightning_fabric", "lightning.fabric", "torch.distributed")
"""They tell about every process they connect."""


def one_process() -> Fabric:
    """The processor of this machine in full precision: what tests and small runs use."""
    return Fabric(accelerator="cpu", devices=1)


@contextmanager
def machine(device: str = "auto", precision: Precision = "32-true") -> Iterator[Fabric]:
    """The machine as the command line and torchrun describe it, its processes connected.

    Args:
        device: `auto` (an accelerator where there is one), `cpu`, `cuda` or `mps`.
        precision: of the steps.

    Raises:
        AedError: the device asked for is not there.
    """
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    _check(device)
    if not torch.distributed.is_torchelastic_launched():
        yield Fabric(accelerator=device, devices=1, precision=precision)
        return
    here = int(os.environ["LOCAL_WORLD_SIZE"])
    fabric = Fabric(
        accelerator=device,
        devices=here,
        num_nodes=int(os.environ["WORLD_SIZE"]) // here,
        precision=precision,
        strategy="ddp",
    )
    fabric.launch()
    if not fabric.is_global_zero:
        logging.getLogger().setLevel(logging.ERROR)  # the first process tells how it goes
    try:
        yield fabric
    finally:
        torch.distributed.destroy_process_group()


def _check(device: str) -> None:
    lacks_cuda = device == "cuda" and not torch.cuda.is_available()
    lacks_mps = device == "mps" and not torch.backends.mps.is_available()
    if lacks_cuda or lacks_mps:
        raise AedError(f"--device {device}: torch finds no such device here; use auto or cpu")
