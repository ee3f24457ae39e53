"""`aed listen`: what a microphone, or a recording played in real time, sounds like to aed."""

import argparse
import contextlib
import logging
import select
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import Console

    from aed.commands import Subparsers
    from aed.events import Event
    from aed.hearing import Heard, Hearing
    from daemon.sources.source import Source
    from daemon.wakeup import StopRequest

REFRESH_S = 0.1
"""The screen follows the posteriors, ten a second."""


def add_parser(subparsers: "Subparsers") -> None:
    """Add `listen`."""
    parser = subparsers.add_parser(
        "listen",
        help="show live what is being heard",
        description="Shows live what is being heard: the level, how probable each sound is, the "
        "latest events. Where the output is no terminal, a line is printed for each event when "
        "it ends. Nothing is published or recorded. Ctrl-C ends it.",
    )
    source = parser.add_mutually_exclusive_group()
    source.add_argument(
        "--device",
        default="default",
        metavar="NAME",
        help="a microphone, as `aed devices` names it (default: the system's own)",
    )
    source.add_argument(
        "--file", type=Path, metavar="WAV", help="play this recording in real time instead"
    )
    parser.add_argument(
        "--bundle", type=Path, metavar="DIR", help="the model (default: the installed one)"
    )
    parser.add_argument(
        "--state",
        type=Path,
        metavar="DIR",
        help="hear the sounds too that are taught in this state directory (`aed teach`)",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Listen until the recording ends or somebody interrupts.

    Args:
        arguments: with `device`, `file`, `bundle` and `state`.

    Returns:
        0.

    Raises:
        BundleError: the bundle cannot be used.
        AudioError: the recording cannot be read.
    """
    import random

    from rich.console import Console

    from aed.bundle import default_bundle_path, load_bundle
    from aed.hearing import Hearing
    from aed.recordings import read_recording
    from daemon.clocks import SystemClock
    from daemon.settings.models import FileSettings, MicrophoneSettings
    from daemon.sources.source import Source
    from daemon.wakeup import StopRequest, Wakeup

    if arguments.file is None:
        settings: FileSettings | MicrophoneSettings = MicrophoneSettings(
            kind="microphone", name="microphone", device=arguments.device
        )
        title = f"microphone {arguments.device}"
    else:
        next(read_recording(arguments.file))  # says why, if it cannot be read
        settings = FileSettings(kind="file", name="recording", path=arguments.file.absolute())
        title = str(arguments.file)
    bundle = load_bundle(arguments.bundle or default_bundle_path())
    if arguments.state is not None:
        from daemon.taught.store import TaughtStore

        bundle = TaughtStore(arguments.state).load(bundle, is_kept=False)
    source = Source(settings, clock=SystemClock(), rng=random.Random())  # noqa: S311 - jitter
    hearing = Hearing(bundle)
    console = Console()
    wakeup = Wakeup()
    stop = StopRequest(wakeup)
    with contextlib.closing(wakeup), contextlib.closing(source), stop.on_signals():
        if console.is_terminal:
            _show(source, hearing, stop, console, title)
        else:
            for heard in _hear(source, hearing, stop, lambda: None):
                _print_ended(heard.events)
    return 0


def _hear(
    source: "Source", hearing: "Hearing", stop: "StopRequest", refresh: "Callable[[], None]"
) -> "Iterator[Heard]":
    """Hear a source until it has ended, however often its process must be restarted.

    Args:
        source: what to listen to.
        hearing: what makes events of it.
        stop: ends it, too.
        refresh: called ten times a second, sound or no sound.

    Yields:
        What each stretch of sound gave.
    """
    refreshed_s = 0.0
    while not (source.is_finished or stop.is_set):
        source.tick()
        descriptor = source.fileno()
        select.select([] if descriptor is None else [descriptor], [], [], REFRESH_S)
        chunk = source.read()
        if chunk is not None:
            yield hearing.feed(chunk)
        if source.take_cut():
            yield hearing.flush()  # stream time and the numbers of events go on
        if time.monotonic() - refreshed_s >= REFRESH_S:
            refreshed_s = time.monotonic()
            refresh()
    yield hearing.flush()


def _show(
    source: "Source", hearing: "Hearing", stop: "StopRequest", console: "Console", title: str
) -> None:
    """Fill the terminal until the end, then leave the events that were heard on it."""
    from rich.live import Live

    from aed.commands.listen.live_view import LiveView

    view = LiveView(hearing.labels, title)
    ended: list[Event] = []
    with _silent_log(), Live(view, console=console, screen=True, auto_refresh=False) as live:

        def refresh() -> None:
            view.say(f"{source.state}: {source.reason}" if source.reason else source.state.value)
            live.refresh()

        for heard in _hear(source, hearing, stop, refresh):
            view.hear(heard.posteriors, heard.events)
            ended += [event for event in heard.events if event.phase == "end"]
    _print_ended(ended)


@contextlib.contextmanager
def _silent_log() -> "Iterator[None]":
    """Keep the log off the screen; the view shows how the source is."""
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)


def _print_ended(events: "list[Event]") -> None:
    for event in events:
        if event.phase == "end":
            pattern = f"  pattern {event.pattern}" if event.pattern else ""
            print(
                f"{event.onset_s:8.1f} to {event.offset_s:.1f} s  {event.path}  "
                f"score {event.score:.2f}{pattern}",
                flush=True,
            )
