"""`aed record`: record the sounds of one kind, each into a file of its own."""

import argparse
import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from aed.commands import Subparsers
    from aed.commands.record.cutting import SoundCutter
    from aed.commands.record.feeds import Feed
    from aed.commands.record.session import Session

LONGEST_S = 60.0
_METER_WIDTH = 30
_QUIETEST_DBFS = -80.0

_DESCRIPTION = """\
Records sounds of one kind, for `aed teach` or for training: each sound between two silences into a
file of its own, with a row in DIR/manifest.tsv. It hears what the running aed hears, or, where none
runs, a microphone of its own. The files are for your eyes only, nothing is ever written over, and
Ctrl-C ends it.
"""


def add_parser(subparsers: "Subparsers") -> None:
    """Add `record`."""
    parser = subparsers.add_parser(
        "record",
        help="record sounds of one kind, to teach or train",
        description=_DESCRIPTION,
        epilog="Example: aed record doorbell_upstairs --count 5",
    )
    parser.add_argument("label", metavar="LABEL", help="what the sounds are")
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("recordings"),
        metavar="DIR",
        help="where to record into (default: recordings)",
    )
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--config", type=Path, metavar="FILE", help="settings of the daemon (YAML)")
    where.add_argument(
        "--socket", type=Path, metavar="PATH", help="its control socket; else that of the service"
    )
    where.add_argument(
        "--device", metavar="NAME", help="a microphone instead, as `aed devices` names it"
    )
    parser.add_argument("--source", metavar="NAME", help="source of the daemon, if it has several")
    parser.add_argument("--count", type=_count, metavar="N", help="end after so many sounds")
    parser.add_argument(
        "--shortest", type=_duration_s, default=0.2, metavar="S", help="drop shorter ones (0.2 s)"
    )
    parser.add_argument(
        "--longest", type=_duration_s, default=10.0, metavar="S", help="cut longer ones (10 s)"
    )
    parser.add_argument(
        "--silence", type=_duration_s, default=0.8, metavar="S", help="what ends a sound (0.8 s)"
    )
    parser.add_argument("--format", choices=("flac", "wav"), default="flac")
    parser.add_argument(
        "--group", metavar="NAME", help="what they have in common (default: the label and the time)"
    )
    parser.set_defaults(run=run, usage=parser.error)


def run(arguments: argparse.Namespace) -> int:
    """Record until there are enough, or somebody interrupts.

    Args:
        arguments: those of `add_parser`.

    Returns:
        0, or 1 if nothing was recorded.

    Raises:
        AedError: there is no sound to be had, or the disk refuses.
        SystemExit: 2 if the arguments do not go together.
    """
    from aed.commands.record.cutting import SoundCutter
    from aed.commands.record.session import Session
    from aed.taught.sounds import slug
    from daemon.wakeup import StopRequest, Wakeup

    if arguments.shortest >= arguments.longest:
        arguments.usage("--shortest must be below --longest")
    session = Session(
        arguments.out,
        label=slug(arguments.label),
        group=arguments.group,
        file_format=arguments.format,
    )
    cutter = SoundCutter(
        shortest_s=arguments.shortest,
        longest_s=arguments.longest,
        silence_s=arguments.silence,
    )
    wakeup = Wakeup()
    stop = StopRequest(wakeup)
    with contextlib.closing(wakeup), stop.on_signals():
        feed = _feed(arguments)
        print(f"recording from {feed.title}; Ctrl-C ends it", file=sys.stderr, flush=True)
        recorder = _Recorder(session, cutter, arguments.count)
        try:
            with contextlib.closing(feed.pieces(stop, wakeup)) as pieces:
                for piece in pieces:
                    recorder.hear(piece.samples, is_torn=piece.is_torn, state=piece.state)
                    if recorder.is_done:
                        break
        finally:
            recorder.close()
    print(
        f"{recorder.num_kept} sounds recorded, {cutter.num_too_short} were too short",
        file=sys.stderr,
    )
    return 0 if recorder.num_kept else 1


def _feed(arguments: argparse.Namespace) -> "Feed":
    """What to record from."""
    from aed.commands.record.feeds import DaemonFeed, DeviceFeed
    from daemon.requests.control_request import SERVICE_SOCKET
    from daemon.settings.file import load_settings, socket_path

    if arguments.device is not None:
        return DeviceFeed(arguments.device)
    settings = None if arguments.config is None else load_settings(arguments.config)
    socket = arguments.socket or socket_path(settings) or SERVICE_SOCKET
    is_named = arguments.socket is not None or settings is not None
    if is_named or arguments.source is not None or socket.exists():
        return DaemonFeed(socket, arguments.source)
    return DeviceFeed("default")


class _Recorder:
    """From pieces of sound to recordings, and what the user sees of it."""

    def __init__(self, session: "Session", cutter: "SoundCutter", most: int | None) -> None:
        self._session, self._cutter, self._most = session, cutter, most
        self._is_terminal = sys.stderr.isatty()
        self.num_kept = 0

    @property
    def is_done(self) -> bool:
        return self._most is not None and self.num_kept >= self._most

    def hear(self, samples: "NDArray[np.int16]", *, is_torn: bool, state: str) -> None:
        if is_torn:
            self.end()
        for sound in self._cutter.feed(samples):
            self._keep(sound)
        if self._is_terminal:
            self._show(state)

    def end(self) -> None:
        sound = self._cutter.end()
        if sound is not None:
            self._keep(sound)

    def close(self) -> None:
        """Keep what sounds, and leave the terminal as it was."""
        self.end()
        self._clear()

    def _clear(self) -> None:
        if self._is_terminal:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)

    def _keep(self, sound: "NDArray[np.int16]") -> None:
        from aed.audio import SAMPLE_RATE_HZ

        if self.is_done:
            return
        path = self._session.keep(sound)
        self.num_kept += 1
        self._clear()
        print(f"{path}  {len(sound) / SAMPLE_RATE_HZ:.1f} s", flush=True)

    def _show(self, state: str) -> None:
        from aed.commands.listen.live_view import bar

        level_dbfs = self._cutter.level_dbfs
        ascii_only = (sys.stderr.encoding or "").lower() not in ("utf-8", "utf8")
        meter = bar(1 - level_dbfs / _QUIETEST_DBFS, _METER_WIDTH, ascii_only=ascii_only)
        what = "sounding" if self._cutter.is_sounding else "waiting"
        if state != "online":
            what = state
        line = f"\r\x1b[K{level_dbfs:6.1f} dBFS {meter} {what}, {self.num_kept} recorded"
        print(line, end="", file=sys.stderr, flush=True)


def _duration_s(text: str) -> float:
    try:
        duration_s = float(text)
    except ValueError:
        duration_s = 0.0
    if not 0 < duration_s <= LONGEST_S:
        raise argparse.ArgumentTypeError(
            f"wanted a number of seconds up to {LONGEST_S:g}, found {text!r}"
        )
    return duration_s


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 1000:  # noqa: PLR2004 - a sane bound
        raise argparse.ArgumentTypeError(f"wanted a whole number from 1 to 1000, found {text!r}")
    return int(text)
