"""Causal, streaming representation network: log-mel views in, one embedding each 100 ms out.

Every layer sees only its past, and that past is explicit: `forward` takes the state of each layer
and returns the next one, so a stream may be cut anywhere between two posteriors. A state of zeros
is the start of a stream, where a clip on its own begins too: training and serving are one code.

    views 10 ms x 64 bands -> stem 50 ms x 16 -> 50 ms x 8 -> 50 ms x 4 -> flattened bands
          -> causal temporal block at 50 ms -> 100 ms -> dilated causal blocks -> embedding

The layers are few and wide on purpose: at this size a layer's fixed cost per call outweighs its
multiplications.

Axes: B clips, T time steps (of the layer), F bands, C channels, D embedding.

Sources: depthwise separable blocks of MobileNet (Howard et al. 2017), dilated causal convolutions
of WaveNet (van den Oord et al. 2016), external state of Rybakov et al. (2020, streaming keyword
spotting). BatchNorm is frozen at export and folded into the convolutions.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkConfig:
    """Sizes of the representation network; they are stored in the bundle."""

    stem_channels: int = 48
    band_channels: tuple[tuple[int, int], ...] = ((80, 2), (80, 1), (128, 2))
    """Channels and band stride of each separable block."""
    temporal_channels: int = 176
    temporal_kernel: int = 8
    fast_dilations: tuple[int, ...] = (1,)
    """Of the temporal blocks at 50 ms."""
    slow_dilations: tuple[int, ...] = (1, 8)
    """Of the temporal blocks at 100 ms; with kernel 8 they look back 6.3 s."""


class CausalConv2d(nn.Module):
    """Conv2d over (time, bands), causal in time, followed by BatchNorm; its past is its state."""

    def __init__(
        self,
        channels_in: int,
        channels: int,
        *,
        kernel: tuple[int, int],
        stride: tuple[int, int] = (1, 1),
        dilation: int = 1,
        groups: int = 1,
    ) -> None:
        super().__init__()
        self.past_steps = (kernel[0] - 1) * dilation + 1 - stride[0]
        self.state_channels = channels_in
        self.convolution = nn.Conv2d(
            channels_in,
            channels,
            kernel,
            stride=stride,
            dilation=(dilation, 1),
            groups=groups,
            padding=(0, (kernel[1] - stride[1] + 1) // 2),
            bias=False,
        )
        self.norm = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor, past: Tensor) -> tuple[Tensor, Tensor]:
        """Map x (B, C, T, F) and past (B, C, past_steps, F) to the output and the next past."""
        x = torch.cat([past, x], dim=2)
        return self.norm(self.convolution(x)), x[:, :, -self.past_steps :]


class SeparableBlock(nn.Module):
    """Causal depthwise convolution over time and bands, then a pointwise one."""

    def __init__(self, channels_in: int, channels: int, *, band_stride: int) -> None:
        super().__init__()
        self.depthwise = CausalConv2d(
            channels_in, channels_in, kernel=(3, 3), stride=(1, band_stride), groups=channels_in
        )
        self.pointwise = nn.Conv2d(channels_in, channels, 1, bias=False)
        self.norm = nn.BatchNorm2d(channels)
        self.is_residual = band_stride == 1 and channels_in == channels

    def forward(self, x: Tensor, past: Tensor) -> tuple[Tensor, Tensor]:
        """Map x (B, C, T, F) and past (B, C, 2, F) to (B, C', T, F / stride) and the next past."""
        y, next_past = self.depthwise(x, past)
        y = self.norm(self.pointwise(torch.relu(y)))
        return torch.relu(x + y if self.is_residual else y), next_past


class TemporalBlock(nn.Module):
    """Residual dilated causal block over time alone, bands already flattened into channels."""

    def __init__(self, channels: int, *, dilation: int, kernel: int) -> None:
        super().__init__()
        self.depthwise = CausalConv2d(
            channels, channels, kernel=(kernel, 1), dilation=dilation, groups=channels
        )
        self.pointwise = nn.Conv2d(channels, channels, 1, bias=False)
        self.norm = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor, past: Tensor) -> tuple[Tensor, Tensor]:
        """Map x (B, C, T, 1) and its past to an output of the same shape and the next past."""
        y, next_past = self.depthwise(x, past)
        return torch.relu(x + self.norm(self.pointwise(torch.relu(y)))), next_past


class RepresentationNetwork(nn.Module):
    """The whole stack; `state_shapes` tells what past each layer keeps, without the clip axis."""

    def __init__(self, config: NetworkConfig, *, mel_bands: int) -> None:
        super().__init__()
        self.config = config
        layers: list[nn.Module] = []
        self.state_shapes: list[tuple[int, int, int]] = []
        bands = mel_bands // 4

        self.stem = CausalConv2d(2, config.stem_channels, kernel=(10, 8), stride=(5, 4))
        self.state_shapes.append((2, self.stem.past_steps, mel_bands))
        channels = config.stem_channels
        for width, band_stride in config.band_channels:
            layers.append(SeparableBlock(channels, width, band_stride=band_stride))
            self.state_shapes.append((channels, 2, bands))
            bands //= band_stride
            channels = width
        self.band_blocks = nn.ModuleList(layers)

        width, kernel = config.temporal_channels, config.temporal_kernel
        self.flatten = nn.Sequential(
            nn.Conv2d(channels, width, (1, bands), bias=False), nn.BatchNorm2d(width), nn.ReLU()
        )
        self.fast_blocks = self._temporal_blocks(width, kernel, config.fast_dilations)
        self.decimate = CausalConv2d(width, width, kernel=(4, 1), stride=(2, 1), groups=width)
        self.state_shapes.append((width, self.decimate.past_steps, 1))
        self.mix = nn.Sequential(
            nn.Conv2d(width, width, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU()
        )
        self.slow_blocks = self._temporal_blocks(width, kernel, config.slow_dilations)

    def _temporal_blocks(
        self, width: int, kernel: int, dilations: tuple[int, ...]
    ) -> nn.ModuleList:
        self.state_shapes += [(width, (kernel - 1) * dilation, 1) for dilation in dilations]
        return nn.ModuleList(
            TemporalBlock(width, kernel=kernel, dilation=dilation) for dilation in dilations
        )

    def forward(self, views: Tensor, states: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """Embed log-mel views.

        Args:
            views: (B, 2, L, F), L a multiple of ten.
            states: one (B, *state_shapes[i]) tensor per layer.

        Returns:
            embedding (B, L / 10, D) and the next states.
        """
        pasts = iter(states)
        nexts: list[Tensor] = []

        def step(layer: nn.Module, x: Tensor) -> Tensor:
            x, past = layer(x, next(pasts))
            nexts.append(past)
            return x

        x = torch.relu(step(self.stem, views))  # (B, C, L / 5, F / 4)
        for block in self.band_blocks:
            x = step(block, x)
        x = self.flatten(x)  # (B, D, L / 5, 1)
        for block in self.fast_blocks:
            x = step(block, x)
        x = self.mix(torch.relu(step(self.decimate, x)))  # (B, D, L / 10, 1)
        for block in self.slow_blocks:
            x = step(block, x)
        return x.squeeze(3).transpose(1, 2), nexts
