"""The figures of `tests.benchmarks.scale` as a picture."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

_BLUE, _ORANGE, _GREEN = "#2f6fb0", "#c8671a", "#3b8a4a"


def draw(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Write the picture: memory, training, hearing, and the head's share of it, over nodes."""
    figure = Figure(figsize=(9.0, 6.4), layout="constrained")
    memory, step, call, share = figure.subplots(2, 2).flat
    _lines(
        memory,
        rows,
        "memory (MB)",
        train_memory_mb=("training, at most", _ORANGE),
        memory_mb=("hearing", _BLUE),
    )
    _lines(step, rows, "processor time of a training step (s)", train_step_s=("", _ORANGE))
    _lines(
        call,
        rows,
        "processor time of a call for 0.2 s of sound (µs)",
        call_us=("all", _BLUE),
        head_us=("the tree head in it", _GREEN),
        decisions_us=("its linear decisions", _ORANGE),
    )
    _lines(
        share,
        [
            {
                "nodes": row["nodes"],
                "profiled": 100 * row["profiled_head_share"],
                "decisions": 100 * row["decisions_us"] / row["call_us"],
                "timed": 100 * row["head_us"] / row["call_us"],
            }
            for row in rows
        ],
        "share of the tree head in a call (%)",
        timed=("by processor time", _GREEN),
        profiled=("by onnxruntime's profile", _BLUE),
        decisions=("its linear decisions alone, by time", _ORANGE),
    )
    figure.savefig(path, dpi=110)


def _lines(
    axes: Axes, rows: Sequence[Mapping[str, Any]], title: str, **lines: tuple[str, str]
) -> None:
    nodes = [row["nodes"] for row in rows]
    most = max(row[key] for row in rows for key in lines)
    for key, (label, colour) in lines.items():
        axes.plot(nodes, [row[key] for row in rows], "o-", color=colour, label=label or None)
    axes.set_title(title, fontsize=10)
    axes.set_xscale("log")
    axes.set_xticks(nodes, [f"{each:,}" for each in nodes])
    axes.minorticks_off()
    axes.set_ylim(0, 1.1 * most)
    axes.set_xlabel("nodes of the ontology", fontsize=9)
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    if any(label for label, _ in lines.values()):
        axes.legend(frameon=False, fontsize=9)
