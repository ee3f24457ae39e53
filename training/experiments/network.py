"""The encoder that all methods share, and one linear head on its mean embedding of a crop.

Axes: B crops, L log-mel frames (10 ms), T posterior frames (100 ms), F mel bands, D embedding,
O outputs of the head.
"""

import torch
from torch import Tensor, nn

from aed.model.front_end import FrontEndConfig, NoiseFloor
from aed.model.network import NetworkConfig, RepresentationNetwork


class Encoder(nn.Module):
    """Log-mel spectra in, embeddings out: the streaming network of the joint model, as it ships."""

    def __init__(self) -> None:
        super().__init__()
        front_end, network = FrontEndConfig(), NetworkConfig()
        self.floor = NoiseFloor(front_end)
        self.network = RepresentationNetwork(network, mel_bands=front_end.mel_bands)
        self.embedding_size = network.temporal_channels
        self.bands = front_end.mel_bands

    def views(self, log_mel: Tensor) -> Tensor:
        """The two level-free views (B, 2, L, F) of log-mel (B, L, F)."""
        state = torch.zeros(log_mel.shape[0], *self.floor.state_shape)
        views: Tensor = self.floor(log_mel, state)[0]
        return views

    def embed(self, views: Tensor) -> Tensor:
        """Embed views (B, 2, L, F) as (B, T, D); every crop is the start of a stream."""
        states = [torch.zeros(views.shape[0], *shape) for shape in self.network.state_shapes]
        embedding: Tensor = self.network(views, states)[0]
        return embedding


class CropClassifier(nn.Module):
    """Encoder, mean over time, linear head.

    Args:
        outputs: O.
        is_probe: normalise embeddings before the head, whose weights alone are to be trained.
    """

    def __init__(self, outputs: int, *, is_probe: bool = False) -> None:
        super().__init__()
        self.encoder, self.is_probe = Encoder(), is_probe
        size = self.encoder.embedding_size
        self.norm = nn.BatchNorm1d(size, affine=False) if is_probe else nn.Identity()
        self.head = nn.Linear(size, outputs)
        nn.init.normal_(self.head.weight, std=0.01)
        nn.init.zeros_(self.head.bias)

    def forward(self, views: Tensor) -> Tensor:
        """Logits (B, O) of views (B, 2, L, F)."""
        with torch.set_grad_enabled(torch.is_grad_enabled() and not self.is_probe):
            embedding = self.encoder.embed(views).mean(1)
        logits: Tensor = self.head(self.norm(embedding))
        return logits
