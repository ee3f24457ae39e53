"""`aed explain`: why there was an alert at a moment of a recording, or none."""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aed.bundle import Bundle
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
        "--format", choices=("text", "json"), default="text", help="words, or one JSON object"
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
    from aed.explanation import explain
    from aed.explanation_text import as_json, lines
    from aed.recordings import read_recording

    bundle, settings = _model(arguments.bundle, arguments.config)
    explanation = explain(bundle, read_recording(arguments.path), arguments.at_s, settings)
    if arguments.format == "json":
        print(json.dumps(as_json(explanation, arguments.path)))
    else:
        print("\n".join(_printable(line) for line in lines(explanation, arguments.path)))
    if arguments.output is not None:
        title = _printable(f"{Path(arguments.path).name} at {arguments.at_s:g} s")
        _draw(explanation, title, arguments.output)
        print(f"picture: {arguments.output}", file=sys.stderr)
    return 0


def _model(path: Path | None, config: Path | None) -> "tuple[Bundle, Layer | None]":
    """The bundle and the thresholds of a daemon with these settings, or of one without any."""
    from aed.bundle import default_bundle_path, load_bundle

    if config is None:
        return load_bundle(path or default_bundle_path()), None
    from daemon.ears.making import load_fitting_bundle
    from daemon.settings.file import load_settings

    settings = load_settings(config)
    if path is not None:
        settings = settings.model_copy(update={"bundle": path})
    return load_fitting_bundle(settings, where=config), settings.threshold_layer()


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


def _printable(text: str) -> str:
    """A name of a file may hold bytes that are no text."""
    return text.encode(errors="backslashreplace").decode()
