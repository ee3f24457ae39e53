"""The benchmark's results as a value, as `bench.json`, and as tables for people."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

from aed.audio import SAMPLE_RATE_HZ
from tests.benchmarks.contestants import (
    DAEMON_CALLS_PER_S,
    HEADLINE_CALLS_PER_S,
    HEADLINE_HOP_SAMPLES,
    Contestant,
)
from tests.benchmarks.cost import cost_per_call, ratios, spread
from tests.benchmarks.daemon_cost import DaemonCost
from tests.benchmarks.fresh import Start
from tests.benchmarks.hot_spots import HotSpots

HEADLINE_AED = f"aed_{HEADLINE_CALLS_PER_S}_calls_per_s"
DAEMON_AED = f"aed_{DAEMON_CALLS_PER_S}_calls_per_s"
HEADLINE_YAMNET = f"yamnet_hop_{HEADLINE_HOP_SAMPLES}"
KERNELS_SHOWN = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """Everything measured in one run.

    Attributes:
        machine: processor, Python, library versions.
        audio: what was heard.
        contestants: who took part.
        costs: key of a contestant to ms of processor time per second of audio, per round.
        starts: `aed` and, if present, `yamnet` to their fresh processes.
        daemons: what `aed run` needs with one source and with more.
        model_bytes: size of the model files, by the keys of `starts`.
        layers: layer of aed to its part of the cost at the daemon's pace, per round.
        hot_spots: what the layer of onnxruntime consists of.
    """

    machine: Mapping[str, str]
    audio: str
    contestants: Sequence[Contestant]
    costs: Mapping[str, Sequence[float]]
    starts: Mapping[str, Sequence[Start]]
    daemons: Sequence[DaemonCost]
    model_bytes: Mapping[str, int]
    layers: Mapping[str, Sequence[float]]
    hot_spots: HotSpots

    @property
    def ratio(self) -> list[float] | None:
        """Cost of aed's headline over YAMNet's, round by round; None without YAMNet."""
        return self.ratio_of(HEADLINE_AED)

    def ratio_of(self, key: str) -> list[float] | None:
        """Cost of a contestant over YAMNet's headline; None unless both were measured."""
        if not {key, HEADLINE_YAMNET} <= self.costs.keys():
            return None
        return ratios(self.costs[key], self.costs[HEADLINE_YAMNET])

    @property
    def aed_cost_per_call(self) -> tuple[float, float]:
        """What aed needs per second of audio, and more per call, in ms."""
        return cost_per_call(
            {
                SAMPLE_RATE_HZ / each.hop_samples: spread(self.costs[each.key]).median
                for each in self.contestants
                if each.key.startswith("aed")
            }
        )


def as_json(results: Results) -> dict[str, Any]:
    """Results as `build/bench.json` holds them; without YAMNet its figures are null."""
    ratio = results.ratio
    daemon_ratio = results.ratio_of(DAEMON_AED)
    yamnet = results.costs.get(HEADLINE_YAMNET)
    return {
        "aed_ms_per_s": spread(results.costs[HEADLINE_AED]).median,
        "yamnet_ms_per_s": spread(yamnet).median if yamnet else None,
        "ratio": spread(ratio).median if ratio else None,
        "ratio_range": [min(ratio), max(ratio)] if ratio else None,
        "daemon_ratio": spread(daemon_ratio).median if daemon_ratio else None,
        "daemon_ratio_range": [min(daemon_ratio), max(daemon_ratio)] if daemon_ratio else None,
        "headline": {"aed": HEADLINE_AED, "daemon": DAEMON_AED, "yamnet": HEADLINE_YAMNET},
        "machine": dict(results.machine),
        "audio": results.audio,
        "ways": {
            each.key: {
                "ms_per_s": asdict(spread(results.costs[each.key])),
                "rounds_ms_per_s": list(results.costs[each.key]),
                "posteriors_per_s": each.posteriors_per_s,
                "delay_s": each.delay_s,
                "ratio_to_yamnet": spread(relative).median
                if (relative := results.ratio_of(each.key))
                else None,
            }
            for each in results.contestants
        },
        "processes": {
            who: {
                "first_posterior_s": asdict(spread([one.first_posterior_s for one in starts])),
                "memory_mb": asdict(spread([one.memory_mb for one in starts])),
                "model_bytes": results.model_bytes[who],
            }
            for who, starts in results.starts.items()
        },
        "aed_ms_per_s_of_audio_and_per_call": list(results.aed_cost_per_call),
        "daemons": [asdict(each) for each in results.daemons],
        "layers_ms_per_s": {
            layer: asdict(spread(rounds)) for layer, rounds in results.layers.items()
        },
        "hot_spots": asdict(results.hot_spots),
    }


def show(results: Results, console: Console) -> None:
    """Print the tables and the headline."""
    console.print(", ".join(f"{name} {value}" for name, value in results.machine.items()))
    console.print(f"Audio: {results.audio}\n")
    console.print(_cost_table(results))
    console.print(_process_table(results))
    console.print(_daemon_table(results))
    console.print(_layer_table(results))
    per_s, per_call = results.aed_cost_per_call
    console.print(
        f"{per_s:.2f} ms per second of audio, and {per_call:.2f} ms more for each call "
        f"of {results.hot_spots.kernels_per_call} kernels\n"
    )
    if (ratio := results.ratio) is None:
        console.print("AED_YAMNET names no folder with YAMNet: no comparison.")
        return
    middle = spread(ratio)
    console.print(
        f"[bold]aed needs {middle.median:.2f} of YAMNet's processor time[/] "
        f"({middle.least:.2f} to {middle.most:.2f} over {len(ratio)} rounds), both at about "
        f"{HEADLINE_CALLS_PER_S} call a second: aed gives 10 posteriors in it, YAMNet one."
    )
    if daemon := results.ratio_of(DAEMON_AED):
        console.print(
            f"In the daemon's {DAEMON_CALLS_PER_S} calls a second it needs "
            f"{spread(daemon).median:.2f} of YAMNet's."
        )


def _cost_table(results: Results) -> Table:
    table = Table(title="Processor time, one thread", title_justify="left")
    for name in ("Contestant", "ms per s of audio", "posteriors/s", "delay (s)", "ratio"):
        table.add_column(name, justify="left" if name == "Contestant" else "right")
    for each in results.contestants:
        cost = spread(results.costs[each.key])
        table.add_row(
            each.title,
            f"{cost.median:.2f} ({cost.least:.2f} - {cost.most:.2f})",
            f"{each.posteriors_per_s:.2g}",
            f"{each.delay_s:.3g}",
            f"{spread(relative).median:.2f}" if (relative := results.ratio_of(each.key)) else "",
        )
    return table


def _process_table(results: Results) -> Table:
    table = Table(title="A fresh process", title_justify="left")
    for name in ("Contestant", "first posterior (s)", "PSS (MB)", "model file (MB)"):
        table.add_column(name, justify="left" if name == "Contestant" else "right")
    for who, starts in results.starts.items():
        first = spread([one.first_posterior_s for one in starts])
        memory = spread([one.memory_mb for one in starts])
        table.add_row(
            who,
            f"{first.median:.2f} ({first.least:.2f} - {first.most:.2f})",
            f"{memory.median:.1f}",
            f"{results.model_bytes[who] / 1_000_000:.2f}",
        )
    return table


def _daemon_table(results: Results) -> Table:
    table = Table(title="aed run", title_justify="left")
    for name in ("sources", "daemon, ms a second", "its children, ms a second", "PSS (MB)"):
        table.add_column(name, justify="right")
    for each in results.daemons:
        table.add_row(
            str(each.num_sources),
            f"{each.daemon_ms_per_s:.1f}",
            f"{each.children_ms_per_s:.1f}",
            f"{each.memory_mb:.1f}",
        )
    return table


def _layer_table(results: Results) -> Table:
    table = Table(title=f"Where aed's time goes, {DAEMON_CALLS_PER_S} calls/s")
    table.title_justify = "left"
    table.add_column("Layer")
    table.add_column("ms per s of audio", justify="right")
    for layer, rounds in results.layers.items():
        table.add_row(layer, f"{spread(rounds).median:.2f}")
    table.add_section()
    spots = results.hot_spots
    kernels_ms = spots.front_end_ms + spots.network_ms
    shares = {"front end": spots.front_end_ms, "network": spots.network_ms}
    for name, ms in [*shares.items(), *list(spots.kernels_ms.items())[:KERNELS_SHOWN]]:
        table.add_row(f"{name}, of kernel time", f"{100.0 * ms / kernels_ms:.0f} %")
    return table
