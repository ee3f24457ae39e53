"""Causal, streaming representation network: log-mel views in, one embedding each 100 ms out.

Every layer sees only its past, and that past is explicit: `forward` takes the state of each layer
that has one and returns the next, so a stream may be cut anywhere between two posteriors. A state
of zeros is the start of a stream, where a clip on its own begins too: training and serving are one
code.

    views 10 ms x 64 bands -> stem 50 ms x 16 -> separable block 50 ms x 8 -> another, 100 ms x 4
          -> bands flattened -> dilated causal temporal blocks -> embedding

The layers are few and wide on purpose: at this size a layer's fixed cost per call outweighs its
multiplications, and a layer with a past costs three more kernels than one without.

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

    stem_channels: int = 40
    band_blocks: tuple[tuple[int, int, int, int], ...] = ((64, 2, 3, 1), (64, 2, 2, 2))
    """Channels, band stride, steps seen and time stride of each separable block; time strides make
    the 50 ms of the stem the 100 ms of a posterior."""
    temporal_channels: int = 176
    temporal_kernel: int = 8
    temporal_dilations: tuple[int, ...] = (1, 8)
    """Of the temporal blocks, in steps of 100 ms; with kernel 8 they look back 6.3 s."""


class Past:
    """What the layers remember of a stream: each takes its own state in turn and leaves the next.

    Args:
        states: one (B, C, steps, F) tensor for each layer that has a past, in order.
    """

    def __init__(self, states: list[Tensor]) -> None:
        self._states = iter(states)
        self.next_states: list[Tensor] = []

    def before(self, x: Tensor) -> Tensor:
        """Put the layer's past before x (B, C, T, F)."""
        state = next(self._states)
        x = torch.cat([state, x], dim=2)
        self.next_states.append(x[:, :, -state.shape[2] :])
        return x


class CausalConv2d(nn.Module):
    """Conv2d over (time, bands), causal in time, followed by BatchNorm; its past is its state."""

    def __init__(
        self,
        channels_in: int,
        channels: int,
        *,
        bands: int,
        kernel: tuple[int, int],
        stride: tuple[int, int] = (1, 1),
        dilation: int = 1,
        groups: int = 1,
    ) -> None:
        super().__init__()
        past_steps = (kernel[0] - 1) * dilation + 1 - stride[0]
        self.state_shape = (channels_in, past_steps, bands)
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

    @property
    def has_past(self) -> bool:
        """Whether the layer sees more than the step it is at."""
        return self.state_shape[1] > 0

    def forward(self, x: Tensor, past: Past) -> Tensor:
        """Map (B, C, T, F) to (B, C', T / time stride, F / band stride)."""
        y: Tensor = self.norm(self.convolution(past.before(x) if self.has_past else x))
        return y


class SeparableBlock(nn.Module):
    """Causal depthwise convolution over time and bands, then a pointwise one.

    It is residual where its shape allows.
    """

    def __init__(
        self,
        channels_in: int,
        channels: int,
        *,
        bands: int,
        kernel: tuple[int, int],
        stride: tuple[int, int] = (1, 1),
        dilation: int = 1,
    ) -> None:
        super().__init__()
        self.depthwise = CausalConv2d(
            channels_in,
            channels_in,
            bands=bands,
            kernel=kernel,
            stride=stride,
            dilation=dilation,
            groups=channels_in,
        )
        self.pointwise = nn.Conv2d(channels_in, channels, 1, bias=False)
        self.norm = nn.BatchNorm2d(channels)
        self.is_residual = stride == (1, 1) and channels_in == channels

    def forward(self, x: Tensor, past: Past) -> Tensor:
        """Map (B, C, T, F) to (B, C', T / time stride, F / band stride)."""
        y = self.norm(self.pointwise(torch.relu(self.depthwise(x, past))))
        return torch.relu(x + y if self.is_residual else y)


class RepresentationNetwork(nn.Module):
    """The whole stack; `state_shapes` tells what past each layer keeps, without the clip axis."""

    def __init__(self, config: NetworkConfig, *, mel_bands: int) -> None:
        super().__init__()
        self.config = config
        channels, bands = config.stem_channels, mel_bands // 4
        self.stem = CausalConv2d(2, channels, bands=mel_bands, kernel=(10, 8), stride=(5, 4))
        self.band_blocks = nn.ModuleList()
        for width, band_stride, steps, time_stride in config.band_blocks:
            self.band_blocks.append(
                SeparableBlock(
                    channels,
                    width,
                    bands=bands,
                    kernel=(steps, 3),
                    stride=(time_stride, band_stride),
                )
            )
            channels, bands = width, bands // band_stride
        width = config.temporal_channels
        self.flatten = CausalConv2d(
            channels, width, bands=bands, kernel=(1, bands), stride=(1, bands)
        )
        kernel = (config.temporal_kernel, 1)
        self.temporal_blocks = nn.ModuleList(
            SeparableBlock(width, width, bands=1, kernel=kernel, dilation=dilation)
            for dilation in config.temporal_dilations
        )
        # In the order in which they were registered, which is the one that `forward` calls them in.
        self.state_shapes: list[tuple[int, int, int]] = [
            layer.state_shape
            for layer in self.modules()
            if isinstance(layer, CausalConv2d) and layer.has_past
        ]

    def forward(self, views: Tensor, states: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """Embed log-mel views.

        Args:
            views: (B, 2, L, F), L a multiple of ten.
            states: one (B, *state_shapes[i]) tensor per layer that has a past.

        Returns:
            embedding (B, L / 10, D) and the next states.

        Raises:
            ValueError: `states` has another length.
        """
        if len(states) != len(self.state_shapes):
            raise ValueError(f"wanted {len(self.state_shapes)} states, got {len(states)}")
        past = Past(states)
        x = torch.relu(self.stem(views, past))  # (B, C, L / 5, F / 4)
        for block in self.band_blocks:
            x = block(x, past)
        x = torch.relu(self.flatten(x, past))  # (B, D, L / 10, 1)
        for block in self.temporal_blocks:
            x = block(x, past)
        return x.squeeze(3).transpose(1, 2), past.next_states
