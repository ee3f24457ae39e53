"""The pictures of an evaluation: recall against false alarms, SNR, calibration."""

from collections.abc import Mapping, Sequence
from itertools import cycle
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from training.evaluation.nodes import NodeResult
from training.evaluation.sweep import recall_on

COLOURS = ("#1f5fa8", "#d1742c", "#2a7f3f", "#7a4ea3")
"""Of contestants, in their order; told apart by people who see red and green as one."""

_DPI = 110
_POINTS = 200


def plot_sweeps(results: Mapping[str, Sequence[NodeResult]], path: Path, *, node: str) -> None:
    """Recall against false alarms per hour, each family of contestants as a line and a band.

    Args:
        results: by family (bundles of several seeds are one), the node's results.
        path: PNG to write.
        node: its id.
    """
    hours = max(each.sweep.hours for found in results.values() for each in found)
    lowest = 0.5 / max(hours, 1e-3)  # left of a single false alarm
    rates = np.geomspace(lowest, max(60.0, 10 * lowest), _POINTS)
    figure = Figure(figsize=(7.5, 4.8), layout="constrained")
    axes = figure.subplots()
    for colour, (name, found) in zip(cycle(COLOURS), results.items(), strict=False):
        recalls = recall_on([each.sweep for each in found], rates)
        label = name if len(found) == 1 else f"{name}, {len(found)} seeds"
        axes.plot(rates, recalls.mean(axis=0), color=colour, label=label)
        if len(found) > 1:
            axes.fill_between(
                rates, recalls.min(axis=0), recalls.max(axis=0), color=colour, alpha=0.2
            )
        for each in found:
            if each.shipped is not None and each.shipped.recall is not None:
                rate = max(len(each.shipped.wrong) / max(hours, 1e-3), lowest)
                axes.plot(rate, each.shipped.recall, "o", color=colour, markersize=8)
    axes.axvline(1 / max(hours, 1e-3), color="black", linestyle=":", linewidth=1)
    axes.text(1 / max(hours, 1e-3), 0.02, " one in all hours", fontsize=8)
    axes.set_xscale("log")
    axes.set_xlim(rates[0], rates[-1])
    axes.set_ylim(0, 1.02)
    axes.set_xlabel(f"false alarms per hour ({hours:.1f} hours without it; left edge: none)")
    axes.set_ylabel("share of the sounds found")
    axes.set_title(f"{node}: over all thresholds (dot: as shipped, by the event logic)")
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right")
    figure.savefig(path, dpi=_DPI)


def plot_snr(results: Sequence[NodeResult], path: Path) -> bool:
    """Recall at the shipped thresholds against SNR; False if no sound has one."""
    found = {each.node: each.as_dict()["recall_by_snr_db"] for each in results}
    found = {node: shares for node, shares in found.items() if shares}
    if not found:
        return False
    figure = Figure(figsize=(6.5, 4.0), layout="constrained")
    axes = figure.subplots()
    for colour, (node, shares) in zip(cycle(COLOURS), found.items(), strict=False):
        snr_db = sorted(map(int, shares))
        axes.plot(snr_db, [shares[str(value)] for value in snr_db], "o-", color=colour, label=node)
    axes.set_xlabel("loudest 100 ms of the sound over everything else, dB")
    axes.set_ylabel("share named, as shipped")
    axes.set_ylim(-0.02, 1.02)
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(path, dpi=_DPI)
    return True


def plot_reliability(results: Sequence[NodeResult], path: Path) -> None:
    """What posteriors promised against what came true, frame by frame."""
    figure = Figure(figsize=(5.2, 4.8), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color="black", linewidth=1)
    for colour, each in zip(cycle(COLOURS), results, strict=False):
        filled = each.reliability.counts > 0
        error = each.reliability.error
        told = each.node if error is None else f"{each.node} (ECE {error:.3f})"
        axes.plot(
            each.reliability.confidence[filled],
            each.reliability.accuracy[filled],
            "o-",
            color=colour,
            label=told,
        )
    axes.set_xlabel("posterior of a frame")
    axes.set_ylabel("share of these frames in which it sounds")
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8)
    figure.savefig(path, dpi=_DPI)
