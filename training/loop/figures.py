"""What a run tells of itself: ratios summed over steps and processes, by depth of the tree.

Axes: D depths, (..., N) ontology nodes.
"""

from collections.abc import Iterator, Mapping

import torch
from lightning_fabric import Fabric
from torch import Tensor
from torch.nn import functional

from ontology import LabelSet
from training.losses import branch_mask

Ratios = Mapping[str, Tensor]
"""Name to (2, D) float64 on the processor: numerators and denominators by depth (or D = 1)."""


class Interval:
    """Sums of ratios since the last line of the log.

    Args:
        sums: to continue with, as a checkpoint holds them.
    """

    def __init__(self, sums: Ratios | None = None) -> None:
        self.sums = dict(sums or {})

    def add(self, ratios: Ratios) -> None:
        """Count one more step."""
        for name, ratio in ratios.items():
            self.sums[name] = self.sums[name] + ratio if name in self.sums else ratio

    def over(self, fabric: Fabric) -> "Interval":
        """The sums of all processes together."""
        if fabric.world_size == 1:
            return self
        return Interval(
            {
                name: torch.as_tensor(fabric.all_reduce(value.clone(), reduce_op="sum")).cpu()
                for name, value in self.sums.items()
            }
        )

    def means(self) -> "Means":
        """What the sums come to."""
        return Means({name: _quotients(ratio) for name, ratio in self.sums.items()})


class Means(Mapping[str, list[float]]):
    """Name to its means by depth; nan where there was nothing to judge."""

    def __init__(self, values: Mapping[str, list[float]]) -> None:
        self._values = dict(values)

    def __getitem__(self, name: str) -> list[float]:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def columns(self) -> dict[str, float]:
        """By flat names, as in the log: `loss`, `loss_depth_0` and so on."""
        return {
            name if len(values) == 1 else f"{name}_{depth}": value
            for name, values in self._values.items()
            for depth, value in enumerate(values)
        }


def branch_ratios(
    logits: Tensor, true: Tensor, unknown: Tensor, labels: LabelSet, weights: Tensor
) -> dict[str, Tensor]:
    """Loss and recall of one step's branches by depth.

    Args:
        logits: (..., N) conditional logits.
        true: (..., N) bool.
        unknown: (..., N) bool.
        labels: the tree.
        weights: (N,) of each branch in the loss.

    Returns:
        `loss_depth` (2, D): each depth's part of the loss; together they are the branch likelihood.
        `recall_depth` (2, D): true branches with a conditional probability above one half.
    """
    logits = logits.detach()
    judged = branch_mask(labels, true, unknown)
    losses = functional.binary_cross_entropy_with_logits(
        logits, true.to(logits.dtype), reduction="none"
    )
    true_judged = judged & true
    loss = by_depth(losses * judged * weights, labels)
    frames = torch.full_like(loss, logits[..., 0].numel())
    hit = by_depth(true_judged & (logits > 0), labels)
    return {
        "loss_depth": torch.stack([loss, frames]),
        "recall_depth": torch.stack([hit, by_depth(true_judged, labels)]),
    }


def one_ratio(value: Tensor) -> Tensor:
    """A figure of one step that has no depth, as a ratio (2, 1)."""
    return torch.tensor([[float(value.detach())], [1.0]], dtype=torch.float64)


def by_depth(values: Tensor, labels: LabelSet) -> Tensor:
    """Sum (..., N) over all but the depth of the node: (D,) float64 on the processor."""
    columns = values.detach().reshape(-1, values.shape[-1]).sum(0).cpu().to(torch.float64)
    sums = torch.zeros(int(labels.depth.max()) + 1, dtype=torch.float64)
    return sums.index_add(0, torch.from_numpy(labels.depth.copy()), columns)


def _quotients(ratio: Tensor) -> list[float]:
    return [float(part) / float(whole) if whole > 0 else float("nan") for part, whole in ratio.T]
