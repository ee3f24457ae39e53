"""`aed explain`: why there was an alert at a moment of a recording, or none."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aed.commands import Subparsers
    from aed.explanation import Explanation
    from aed.thresholds import Layer

_DESCRIPTION = """\
Hears a recording as the daemon would, and says what it knew at one moment: events and alerts around
it, the timing pattern heard, and for each critical node its posterior, its thresholds and why it
was or was not reported.
"""


def add_parser(subparsers: "Subparsers") -> None:
    """Add `explain`."""
    parser = subparsers.add_parser(
        "explain", help="say why there was an alert, or none", description=_DESCRIPTION
    )
    parser.add_argument("path", metavar="PATH", help="a recording")
    parser.add_argument(
        "--at", dest="at_s", type=float, required=True, metavar="SECONDS", help="which moment"
    )
    parser.add_argument("--bundle", type=Path, metavar="DIR", help="the model (default: installed)")
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help="settings whose thresholds hold"
    )
    parser.add_argument(
        "-o", "--output", type=Path, metavar="PNG", help="draw it too (extra `train`)"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Explain.

    Returns:
        0.

    Raises:
        AedError: recording, bundle or settings cannot be used, the moment lies outside of the
            recording, or the picture cannot be drawn.
    """
    from aed.bundle import default_bundle_path, load_bundle
    from aed.explanation import explain
    from aed.recordings import read_recording

    bundle = load_bundle(arguments.bundle or default_bundle_path())
    settings = _thresholds(arguments.config)
    explanation = explain(bundle, read_recording(arguments.path), arguments.at_s, settings)
    print("\n".join(_lines(explanation, arguments.path)))
    if arguments.output is not None:
        _draw(explanation, f"{arguments.path} at {arguments.at_s:g} s", arguments.output)
        print(f"picture: {arguments.output}")
    return 0


def _thresholds(config: Path | None) -> "Layer | None":
    if config is None:
        return None
    from daemon.settings_file import load_settings

    return load_settings(config).threshold_layer()


def _draw(explanation: "Explanation", title: str, output: Path) -> None:
    from aed.errors import AudioError
    from ontology import AedError

    try:
        from aed.explanation_plot import plot
    except ModuleNotFoundError as error:
        raise AedError(
            f"a picture needs the extra `train` ({error.name} is not installed): "
            "pip install -e '.[train]'"
        ) from error
    try:
        plot(explanation, title, output)
    except (OSError, ValueError) as error:  # matplotlib: an unknown suffix is a ValueError
        raise AudioError(f"{output}: the picture cannot be written ({error})") from error


def _lines(explanation: "Explanation", path: str) -> "Iterator[str]":
    """What is told, line by line."""
    yield f"{path} at {explanation.at_s:.1f} s of {explanation.duration_s:.1f} s"
    yield f"level {explanation.level_dbfs:.0f} dBFS; {_pattern(explanation)}"
    if not explanation.events:
        yield "no event around"
    for event in explanation.events:
        alerts = [each for each in explanation.alerts if each.number == event.number]
        called = ", ".join(f"{each.node} at {each.detected_s:.1f} s" for each in alerts)
        offset = "the end" if event.offset_s is None else f"{event.offset_s:.1f} s"
        yield (
            f"event {event.number}: {event.path} from {event.onset_s:.1f} s to {offset}, score "
            f"{event.score:.2f}{', critical' if event.critical else ''}; "
            f"{f'alerted: {called}' if called else 'nobody was alerted'}"
        )
    for each in explanation.nodes:
        numbers = each.thresholds
        mark = "!" if each.is_critical else " "
        yield (
            f"{mark} {each.node:<16} {each.posterior:.2f} now, at most {each.peak:.2f} at "
            f"{each.peak_s:.1f} s (on {numbers.on:.2f} for {numbers.dwell_s:g} s, off "
            f"{numbers.off:.2f}): {each.reason}"
        )


def _pattern(explanation: "Explanation") -> str:
    pattern = explanation.pattern
    if pattern is None:
        return "no timing pattern"
    return (
        f"timing pattern {pattern.kind} at {pattern.pitch_hz:.0f} Hz, strength "
        f"{pattern.strength:.2f}"
    )
