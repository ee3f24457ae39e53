"""An explanation as a picture: sound, level, posteriors with their thresholds, events, the moment.

Axes: T posterior frames, L log-mel frames, F mel bands.
"""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from aed.explanation import AFTER_S, BEFORE_S, Explanation
from aed.node_accounts import NodeAccount
from aed.posteriors import LOG_MEL_HOP_S, POSTERIOR_HOP_S

_COLOURS = ("#b3332e", "#1f5fa8", "#d1742c", "#2a7f3f", "#7a4ea3", "#6b6b6b")
_MOST_LINES = len(_COLOURS)
_LEAST_PEAK = 0.05
_MOST_SUPPRESSED = 6
_LEAST_ROWS = 4
_CRITICAL, _HARMLESS, _UNTOLD = "#b3332e", "#2a7f3f", "#c9c9c9"
_TICKS_HZ = (250, 500, 1_000, 2_000, 4_000)
_QUIET, _LOUD = 5.0, 99.8  # percentiles of the sound that are drawn darkest and brightest
_SILENCE_DBFS = -100.0
_DPI = 110


def plot(explanation: Explanation, title: str, path: Path) -> None:
    """Draw a picture, in the format that the path's suffix names.

    Args:
        explanation: what is drawn.
        title: over the picture.
        path: of the file.
    """
    first_s = max(0.0, explanation.at_s - BEFORE_S)
    last_s = min(explanation.duration_s, explanation.at_s + AFTER_S)
    figure = Figure(figsize=(11.0, 8.5), layout="constrained")
    axes = figure.subplots(4, sharex=True, height_ratios=(2.2, 0.7, 2.6, 1.3))
    _spectrogram(axes[0], explanation)
    _level(axes[1], explanation)
    _posteriors(axes[2], explanation)
    _events(axes[3], explanation)
    for each in axes:
        each.axvline(explanation.at_s, color="black", linestyle="--", linewidth=1.2)
    axes[0].axvline(explanation.at_s, color="white", linestyle="--", linewidth=1.2)
    axes[3].set_xlim(first_s, max(last_s, first_s + 1.0))
    axes[3].set_xlabel("s")
    figure.suptitle(title)
    figure.savefig(path, dpi=_DPI)


def _spectrogram(axes: Axes, explanation: Explanation) -> None:
    """Log-mel over time, the pulses of the telling tone as white bars above it."""
    excerpt = explanation.excerpt
    frames, bands = excerpt.log_mel.shape
    times_s = excerpt.start_s + np.arange(frames + 1) * LOG_MEL_HOP_S
    darkest, brightest = np.percentile(excerpt.log_mel, (_QUIET, _LOUD))
    axes.pcolormesh(
        times_s,
        np.arange(bands + 1) - 0.5,
        excerpt.log_mel.T,
        cmap="magma",
        vmin=darkest,
        vmax=brightest,
        rasterized=True,
    )
    axes.set_yticks(_bands(excerpt.centres_hz, _TICKS_HZ), [f"{hz:,}" for hz in _TICKS_HZ])
    axes.set_ylabel("Hz (mel scale)")
    title = "; ".join(
        f"{span.kind} at {span.pitch_hz:.0f} Hz, {span.onset_s:.1f} to {span.offset_s:.1f} s, "
        f"strength {span.strength:.2f}"
        for span in explanation.rhythms
    )
    axes.set_title(title or "no timing pattern", fontsize=10)
    tone = explanation.tone
    if tone is not None:
        (height,) = _bands(excerpt.centres_hz, (tone.pitch_hz,))
        axes.broken_barh(
            [(explanation.tone_start_s + p.onset_s, p.duration_s) for p in tone.pulses],
            (height + 2.0, 1.0),
            color="white",
        )


def _bands(centres_hz: NDArray[np.float64], pitches_hz: tuple[float, ...]) -> NDArray[np.float64]:
    """(len(pitches_hz),): at which band, in fractions, each pitch lies."""
    return np.interp(pitches_hz, centres_hz, np.arange(len(centres_hz)))


def _level(axes: Axes, explanation: Explanation) -> None:
    excerpt = explanation.excerpt
    axes.plot(_times_s(explanation), excerpt.levels_dbfs, color="#444444", linewidth=1)
    axes.set_ylim(bottom=max(axes.get_ylim()[0], _SILENCE_DBFS))
    axes.set_ylabel("dBFS")
    axes.grid(alpha=0.3)


def _posteriors(axes: Axes, explanation: Explanation) -> None:
    """Posteriors of the nodes that matter; dashed what the evidence of timing makes of them."""
    excerpt, times_s = explanation.excerpt, _times_s(explanation)
    shown = _shown(explanation)
    for rank, (colour, each) in enumerate(zip(_COLOURS, shown, strict=False)):
        above = 3 + _MOST_LINES - rank  # a node is not hidden by those above it in the tree
        column = explanation.labels.index[each.node]
        posteriors, confidence = excerpt.posteriors[:, column], excerpt.confidence[:, column]
        axes.plot(
            times_s,
            posteriors,
            color=colour,
            linewidth=1.4 + 0.35 * rank,
            zorder=above,
            label=each.node,
        )
        if np.any(confidence > posteriors):
            axes.plot(
                times_s, confidence, color=colour, linewidth=1.2, linestyle="--", zorder=above
            )
        if each.confidence >= each.thresholds.off:  # the others are not near theirs
            axes.axhline(each.thresholds.on, color=colour, linestyle=":", linewidth=1.3)
            axes.axhline(each.thresholds.off, color=colour, linestyle=":", linewidth=0.9, alpha=0.5)
    axes.set_ylim(0, 1.02)
    axes.set_ylabel("posterior")
    axes.set_title(
        "dotted: on-threshold, pale: off-threshold; dashed: with the evidence of timing", fontsize=9
    )
    axes.grid(alpha=0.2)
    if shown:
        axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=8)


def _shown(explanation: Explanation) -> list[NodeAccount]:
    """Critical nodes that rose, the deepest first, then the loudest others."""
    labels = explanation.labels

    def rank(each: NodeAccount) -> tuple[bool, int, float]:
        depth = int(labels.depth[labels.index[each.node]]) if each.is_critical else 0
        return not each.is_critical, -depth, -each.peak

    rose = [each for each in explanation.nodes if each.peak >= _LEAST_PEAK]
    return sorted(rose, key=rank)[:_MOST_LINES]


def _times_s(explanation: Explanation) -> NDArray[np.float64]:
    """(T,) ends of the posterior frames."""
    excerpt = explanation.excerpt
    frames = np.arange(excerpt.start_frame + 1, excerpt.stop_frame + 1, dtype=np.float64)
    return frames * POSTERIOR_HOP_S


def _events(axes: Axes, explanation: Explanation) -> None:
    """Events as bars, alerts as marks on them; the highest suppressed candidates as pale bars."""
    rows: list[str] = []
    for event in explanation.events:
        height = len(rows)
        length_s = explanation.end_s(event) - event.onset_s
        colour = _CRITICAL if event.critical else _HARMLESS
        axes.barh(height, length_s, left=event.onset_s, color=colour)
        rows.append(event.node)
        alerts_s = [each.detected_s for each in explanation.alerts if each.number == event.number]
        axes.plot(alerts_s, [height] * len(alerts_s), "v", color="black", mec="white", ms=10)
    ranked = sorted(explanation.suppressed, key=lambda each: -each.peak)
    for node in list(dict.fromkeys(each.node for each in ranked))[:_MOST_SUPPRESSED]:
        spans = [each for each in ranked if each.node == node]
        bars = [(each.onset_s, each.gone_s - each.onset_s) for each in spans]
        axes.broken_barh(bars, (len(rows) - 0.4, 0.8), facecolor=_UNTOLD, edgecolor="white")
        rows.append(f"({node})")
    axes.set_yticks(range(len(rows)), rows, fontsize=8)
    axes.set_ylim(max(len(rows), _LEAST_ROWS) - 0.5, -0.5)
    axes.set_title(
        "red: critical event, green: other event, triangle: alert; grey, in brackets: not reported",
        fontsize=9,
    )
