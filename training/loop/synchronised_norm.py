"""BatchNorm over the global batch: processes that share a batch normalise by common statistics.

With statistics of its own, each process would normalise by another mean, and two processes would
take another step than one. torch's own SyncBatchNorm does the same, but on GPUs only.

Axes: B clips of one process, C channels, T time steps, F bands.

Sources: Ioffe and Szegedy (2015); cross-replica statistics as in Peng et al. (2018, MegDet).
"""

from typing import Any

import torch
from torch import Tensor, distributed, nn

_AXES = (0, 2, 3)


class _Sum(torch.autograd.Function):
    """Sum over all processes; the gradient of a sum is the sum of all processes' gradients."""

    @staticmethod
    def forward(_context: Any, values: Tensor) -> Tensor:  # noqa: ANN401 - torch does not type it
        total = values.contiguous().clone()
        distributed.all_reduce(total)
        return total

    @staticmethod
    def backward(_context: Any, *gradients: Tensor) -> Tensor:  # noqa: ANN401
        total = gradients[0].contiguous().clone()
        distributed.all_reduce(total)
        return total


class SynchronisedBatchNorm2d(nn.BatchNorm2d):
    """BatchNorm of (B, C, T, F) whose mean and variance are of all processes' clips together.

    Every process must hold equally many. Names and shapes of the state are those of BatchNorm2d,
    and in evaluation it is one.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Normalise; in training also follow the running statistics."""
        if not self.training:
            return super().forward(x)
        processes = distributed.get_world_size()
        mean = _sum_of(x.mean(_AXES)) / processes
        centred = x - mean[:, None, None]
        variance = _sum_of(centred.square().mean(_AXES)) / processes
        self._follow(mean.detach(), variance.detach(), x.numel() // x.shape[1] * processes)
        scale = self.weight * (variance + self.eps).rsqrt()
        return centred * scale[:, None, None] + self.bias[:, None, None]

    @torch.no_grad()
    def _follow(self, mean: Tensor, variance: Tensor, count: int) -> None:
        if self.running_mean is None or self.running_var is None or self.momentum is None:
            raise RuntimeError("running statistics with a fixed momentum are wanted")
        if self.num_batches_tracked is not None:
            self.num_batches_tracked.add_(1)
        unbiased = variance * (count / max(count - 1, 1))
        self.running_mean.lerp_(mean.to(self.running_mean.dtype), self.momentum)
        self.running_var.lerp_(unbiased.to(self.running_var.dtype), self.momentum)


def synchronise_norms(model: nn.Module) -> None:
    """Put a SynchronisedBatchNorm2d in the place of every BatchNorm2d, weights kept."""
    for module in list(model.modules()):
        for name, child in list(module.named_children()):
            if type(child) is nn.BatchNorm2d:
                twin = SynchronisedBatchNorm2d(
                    child.num_features, eps=child.eps, momentum=child.momentum
                )
                twin.load_state_dict(child.state_dict())
                setattr(module, name, twin)


def _sum_of(values: Tensor) -> Tensor:
    total: Tensor = _Sum.apply(values)
    return total
