"""A run that learns new sounds and forgets none: only branches of which there are clips change.

The representation stays as it is, and with it every branch of which there is no own clip (a clip of
a node is one of all nodes above it): on the few sounds of one home they could only get worse. (Let
to move at a tenth of the speed they did: of 40 breaking windows the example's model then found 10
where the old one found 18.)

Branches that the old model knows and that own clips teach anew have it as their teacher: it hears
each scene too, and its conditional logits are their targets, but where a label judges the branch
and says the opposite. There the label is right.

Axes: B scenes, S samples, T posterior frames, N ontology nodes, K kept branches.

Sources: Li and Hoiem (2016, "Learning without Forgetting"), branch by branch of a tree.
"""

from collections.abc import Collection

import torch
from lightning_fabric import Fabric
from torch import Tensor

from ontology import LabelSet
from training.loop.config import RunConfig
from training.loop.consistency import consistency
from training.loop.figures import branch_ratios, one_ratio
from training.loop.run import MAX_GRADIENT_NORM, Run
from training.losses import bernoulli_divergence, branch_mask, tree_likelihood
from training.retrain.warm_start import Origin

KEEPING_WEIGHT = 1.0
"""Of the old model's part in the loss."""


class KeepingRun(Run):
    """A run from the weights of a bundle.

    Args:
        config: everything that decides what it learns.
        labels: the columns of its posteriors.
        origin: what it starts from and must keep.
        fabric: where it computes.
        material: digest of what it learns from and begins with.
        taught: nodes of which there are own clips, and those above them: their branches change, as
            those of new ones do.
    """

    def __init__(
        self,
        config: RunConfig,
        labels: LabelSet,
        origin: Origin,
        fabric: Fabric | None = None,
        *,
        material: str = "",
        taught: Collection[str] = (),
    ) -> None:
        super().__init__(config, labels, fabric, material=material)
        start = origin.start(labels)
        self._take_weights(start, origin.bundle.path)
        self._take_average(start)
        self._old = origin.model.to(self.fabric.device)
        old, new = origin.kept_branches(labels)
        self._kept_old, self._kept = (torch.from_numpy(each) for each in (old, new))
        bound = [column for column in new.tolist() if labels.nodes[column] not in taught]
        self._bound = torch.tensor(bound, dtype=torch.int64)
        self.model.requires_grad_(requires_grad=False)
        self.model.head.requires_grad_(requires_grad=True)

    def train_step(
        self,
        audio: Tensor,
        true: Tensor,
        unknown: Tensor,
        distorted: Tensor | None = None,
        *,
        taught: Tensor | None = None,
    ) -> float:
        """One optimiser step; see `Run.train_step`.

        Raises:
            TrainingDataError: the loss is no number; no weight has changed.
        """
        assert taught is None  # noqa: S101 - the old model is the only teacher
        for group in self._optimiser.param_groups:
            group["lr"] = self.learning_rate()
        loss = self.loss(audio, true, unknown, distorted)
        value = self._told(loss, self._ratios)
        self._optimiser.zero_grad(set_to_none=True)
        self.fabric.backward(loss)
        self.fabric.clip_gradients(self._student, self._optimiser, max_norm=MAX_GRADIENT_NORM)
        before = [each.detach()[self._bound].clone() for each in self._branches()]
        self._optimiser.step()
        with torch.no_grad():
            for parameter, was in zip(self._branches(), before, strict=True):
                parameter[self._bound] = was  # weight decay would shrink it
        self._update_average()
        self.step += 1
        return value

    def loss(
        self, audio: Tensor, true: Tensor, unknown: Tensor, distorted: Tensor | None = None
    ) -> Tensor:
        """What a step would minimise; nothing changes but the figures of the next step."""
        self._student.eval()  # norms keep the statistics they were trained with
        heard = audio if distorted is None else distorted
        logits, _ = self._student(heard, self._silence(heard))
        loss = tree_likelihood(logits, true, unknown, self.labels, self._weights)
        ratios = branch_ratios(logits, true, unknown, self.labels, self._weights)
        kept = KEEPING_WEIGHT * self._forgotten(audio, logits, true, unknown)
        loss, ratios = loss + kept, {**ratios, "keeping": one_ratio(kept)}
        if distorted is not None:
            agreed, teaching = consistency(
                self._teacher_logits(audio),
                logits,
                (true, unknown),
                labels=self.labels,
                weights=self._weights,
                config=self.config.consistency,
                step=self.step,
            )
            loss, ratios = loss + agreed, {**ratios, **teaching}
        self._ratios = ratios
        return loss

    def forget_gradients(self) -> None:
        """Drop what `loss` was asked for without a step."""
        self._optimiser.zero_grad(set_to_none=True)

    def _branches(self) -> tuple[Tensor, ...]:
        """Weights (N, D) and biases (N,) of the tree head."""
        return tuple(self.model.head.decisions.parameters())

    def _forgotten(self, audio: Tensor, logits: Tensor, true: Tensor, unknown: Tensor) -> Tensor:
        """Divergence (a scalar, in nats) of the kept branches from the old model's."""
        with torch.no_grad():
            old = self._old(audio, self._silence(audio)).logits[..., self._kept_old]
        target = torch.sigmoid(old)
        truth = true[..., self._kept]
        judged = branch_mask(self.labels, true, unknown)[..., self._kept]
        opposed = judged & ((target > 0.5) != truth)  # noqa: PLR2004 - more likely than not
        divergence = bernoulli_divergence(target, logits[..., self._kept])
        weights = self._weights[self._kept]
        return (divergence * weights * ~opposed).sum(-1).mean()
