"""Distillation: the representation learns to tell what YAMNet would say and feel.

Two linear layers read YAMNet's scores and its embedding from the mean of the student's embeddings
over each of YAMNet's windows. They serve training alone and are not exported.

Axes: B scenes, T posterior frames, W windows, D embedding, C AudioSet classes, E YAMNet's
embedding.

Sources: Hinton et al. 2015 (soft targets), Romero et al. 2015 (hints: a teacher's inner layer).
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from aed.model.joint import JointModel
from training.scenes.taught import HOP_FRAMES, WINDOW_FRAMES
from training.yamnet import CLASSES, EMBEDDING

_RARE_LOGIT = -6.0
"""Where scores begin: most AudioSet classes are not heard, most of the time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DistillationConfig:
    """How much a run learns from YAMNet.

    Attributes:
        weight: of the divergence in the loss; 0 leaves YAMNet out.
    """

    weight: float = 0.0


class Student(nn.Module):
    """The joint model as it is trained, with what it reads YAMNet's answers by.

    Args:
        model: what is exported.
        learns_from_yamnet: whether it has the two layers.
    """

    def __init__(self, model: JointModel, *, learns_from_yamnet: bool) -> None:
        super().__init__()
        self.model = model
        width = model.config.network.temporal_channels
        self.reader = YamnetReader(width) if learns_from_yamnet else None

    def forward(self, audio: Tensor, states: list[Tensor]) -> tuple[Tensor, Tensor | None]:
        """Conditional logits (B, T, N), and YAMNet's answers as read: (B, W, C + E) or None."""
        heard = self.model(audio, states)
        return heard.logits, None if self.reader is None else self.reader(heard.embedding)


class YamnetReader(nn.Module):
    """Reads logits of YAMNet's scores and its embedding from embeddings.

    Args:
        width: D.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.scores = nn.Linear(width, CLASSES)
        self.embedding = nn.Linear(width, EMBEDDING)
        nn.init.constant_(self.scores.bias, _RARE_LOGIT)

    def forward(self, embedding: Tensor) -> Tensor:
        """Map (B, T, D) to (B, W, C + E)."""
        windows = functional.avg_pool1d(embedding.transpose(1, 2), WINDOW_FRAMES, HOP_FRAMES)
        pooled = windows.transpose(1, 2)
        return torch.cat([self.scores(pooled), self.embedding(pooled)], dim=-1)


def distillation(read: Tensor, taught: Tensor) -> Tensor:
    """Mean over windows of what the student reads wrongly, in nats: 0 when all is as taught.

    Args:
        read: (B, W, C + E), scores as logits.
        taught: (B, W, C + E), scores in [0, 1].

    Returns:
        The divergence of the scores summed over classes, and 1 - cosine of the embeddings.
    """
    scores = taught[..., :CLASSES]
    crossed = functional.binary_cross_entropy_with_logits(
        read[..., :CLASSES], scores, reduction="none"
    )
    least = functional.binary_cross_entropy(scores, scores, reduction="none")
    felt = functional.cosine_similarity(read[..., CLASSES:], taught[..., CLASSES:], dim=-1)
    return (crossed - least).sum(-1).mean() + (1 - felt).mean()
