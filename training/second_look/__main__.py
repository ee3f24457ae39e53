"""`python -m training.second_look --bundle DIR --data DIR`: give a bundle a second look.

Hears recordings and scenes with the bundle, fits a verifier to the critical candidates that come
up, and writes it into the bundle; for each guard only if it is worth it on sessions that it was
not fitted to. If none is, the bundle has no second look afterwards.
"""

import argparse
import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import track

from aed.bundle import Bundle, load_bundle
from aed.verifier import Guard
from training.second_look.collect import Collector, Heard, Look, critical_tops
from training.second_look.fit import Fitted, fit
from training.second_look.graph import Pooling, Widths, verifier
from training.second_look.install import install, remove
from training.second_look.recordings import Recordings

DEFAULT_SCENES = 6_000


def main() -> int:
    """Give a bundle a second look."""
    parser = argparse.ArgumentParser(
        prog="python -m training.second_look", description=main.__doc__
    )
    parser.add_argument("--bundle", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--cache", type=Path, default=Path("build/cache"))
    parser.add_argument("--scenes", type=int, default=DEFAULT_SCENES)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    bundle = load_bundle(arguments.bundle)
    widths = bundle.widths
    nodes = critical_tops(bundle.labels)
    recordings = Recordings(arguments.data, arguments.cache, bundle.labels)
    looks = collect(bundle, nodes, widths, recordings, scenes=arguments.scenes)
    fitted = {
        node: fit([look for look in looks if look.guard == number])
        for number, node in enumerate(nodes)
    }
    print(table(fitted))
    worthy = {node: each for node, each in fitted.items() if each and each.worth.is_enough}
    if not worthy:
        remove(arguments.bundle)
        print(f"no second look is worth its risk; {arguments.bundle} has none")
        return 0
    write(arguments.bundle, widths, worthy)
    load_bundle(arguments.bundle)
    print(f"second look at {', '.join(worthy)} written to {arguments.bundle}")
    return 0


def collect(
    bundle: Bundle, nodes: tuple[str, ...], widths: Widths, recordings: Recordings, *, scenes: int
) -> list[Look]:
    """Every look at a candidate, first in the recordings, then in scenes with those mistaken."""
    collector = Collector(bundle, nodes, Pooling(widths))
    single = _tracked(recordings.clips(), len(recordings.clip_rows), "recordings")
    looks = list(collector.looks(single))
    mistaken = {look.recording for look in looks if not look.is_true}
    mixed = _tracked(recordings.scenes(scenes, mistaken), scenes, "scenes")
    return [*looks, *collector.looks(mixed)]


def table(fitted: Mapping[str, Fitted | None]) -> str:
    """Lines for a terminal: what each guard is worth on sessions it was not fitted to."""
    heads = ("true", "recorded", "demoted", "wrong", "spared", "surely", "from")
    lines = [f"{'guard':<16}" + "".join(f"{head:>9}" for head in heads)]
    for node, each in fitted.items():
        if each is None:
            lines.append(f"{node:<16} too few candidates")
            continue
        worth = each.worth
        cells = (
            *(worth.true_alerts, worth.recorded_alerts, worth.demoted),
            *(worth.wrong_alerts, worth.spared, f"{worth.surely_spared:.0%}"),
            f"{each.threshold:.3f}",
        )
        verdict = "" if worth.is_enough else "  not worth it"
        lines.append(f"{node:<16}" + "".join(f"{cell:>9}" for cell in cells) + verdict)
    return "\n".join(lines)


def write(bundle: Path, widths: Widths, worthy: Mapping[str, Fitted]) -> None:
    """Write a verifier of the judgements of these guards into a bundle."""
    content = verifier(
        widths,
        np.stack([each.weights for each in worthy.values()], axis=1),
        np.array([each.bias for each in worthy.values()]),
    )
    guards = [Guard(node=node, threshold=each.threshold) for node, each in worthy.items()]
    quality = {
        "measured_by": "python -m training.second_look, on sessions left out of each fit",
        **{node: asdict(each.worth) for node, each in worthy.items()},
    }
    install(bundle, content, guards, quality)


def _tracked(recordings: Iterable[Heard], total: int, what: str) -> Iterator[Heard]:
    """Recordings, with a bar on a terminal."""
    console = Console(stderr=True)
    hidden = not console.is_terminal
    yield from track(recordings, what, total=total, console=console, disable=hidden)


if __name__ == "__main__":
    raise SystemExit(main())
