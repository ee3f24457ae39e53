"""An explanation as a picture: spectrogram, posteriors with their thresholds, events, the moment.

Axes: T posterior frames, L log-mel frames, F mel bands.
"""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from aed.explanation import Explanation
from aed.posteriors import LOG_MEL_HOP_S, POSTERIOR_HOP_S

BEFORE_S, AFTER_S = 12.0, 8.0
"""How much is drawn around the moment."""

_COLOURS = ("#1f5fa8", "#d1742c", "#2a7f3f", "#7a4ea3", "#8c6d31", "#c23b75")
_MOST_LINES = len(_COLOURS)
_LEAST_PEAK = 0.05
_DPI = 110


def plot(explanation: Explanation, title: str, path: Path) -> None:
    """Draw a PNG.

    Args:
        explanation: what is drawn.
        title: over the picture.
        path: of the file.
    """
    first_s = max(0.0, explanation.at_s - BEFORE_S)
    last_s = min(explanation.duration_s, explanation.at_s + AFTER_S)
    figure = Figure(figsize=(10.0, 7.0), layout="constrained")
    upper, middle, lower = figure.subplots(3, sharex=True, height_ratios=(2, 2.4, 1))
    _spectrogram(upper, explanation)
    _posteriors(middle, explanation)
    _events(lower, explanation)
    for axes in (upper, middle, lower):
        axes.axvline(explanation.at_s, color="black", linestyle="--", linewidth=1.2)
    lower.set_xlim(first_s, max(last_s, first_s + 1.0))
    lower.set_xlabel("s")
    figure.suptitle(title)
    figure.savefig(path, dpi=_DPI)


def _spectrogram(axes: Axes, explanation: Explanation) -> None:
    frames, bands = explanation.log_mel.shape
    times_s = np.arange(frames + 1) * LOG_MEL_HOP_S
    axes.pcolormesh(
        times_s, np.arange(bands + 1), explanation.log_mel.T, cmap="magma", rasterized=True
    )
    axes.set_ylabel("mel band")
    pattern = explanation.pattern
    if pattern is not None:
        axes.set_title(
            f"pattern {pattern.kind} at {pattern.pitch_hz:.0f} Hz, strength {pattern.strength:.2f}",
            fontsize=10,
        )


def _posteriors(axes: Axes, explanation: Explanation) -> None:
    times_s = np.arange(1, len(explanation.posteriors) + 1) * POSTERIOR_HOP_S
    ranked = sorted(explanation.nodes, key=lambda each: (not each.is_critical, -each.peak))
    shown = [each for each in ranked if each.peak >= _LEAST_PEAK][:_MOST_LINES]
    for colour, each in zip(_COLOURS, shown, strict=False):
        column = explanation.labels.index[each.node]
        axes.plot(times_s, explanation.posteriors[:, column], color=colour, label=each.node)
        axes.axhline(each.thresholds.on, color=colour, linestyle=":", linewidth=1)
    axes.set_ylim(0, 1.02)
    axes.set_ylabel("posterior (dotted: on)")
    axes.grid(alpha=0.3)
    if shown:
        axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=8)


def _events(axes: Axes, explanation: Explanation) -> None:
    """Events as bars, alerts as marks, suppressed candidates as pale bars."""
    rows: list[str] = []
    for event in explanation.events:
        offset_s = explanation.duration_s if event.offset_s is None else event.offset_s
        axes.barh(len(rows), offset_s - event.onset_s, left=event.onset_s, color="#2a7f3f")
        rows.append(event.node)
        for alert in explanation.alerts:
            if alert.number == event.number:
                axes.plot(alert.detected_s, len(rows) - 1, "v", color="#b3332e", markersize=10)
    for each in explanation.suppressed[-_MOST_LINES:]:
        axes.barh(len(rows), each.gone_s - each.onset_s, left=each.onset_s, color="#c9c9c9")
        rows.append(f"({each.node})")
    axes.set_yticks(range(len(rows)), rows, fontsize=8)
    axes.invert_yaxis()
    axes.set_title("events; triangle: alert; grey, in brackets: not reported", fontsize=9)
