"""The course of the demonstration: scene, broker, subscriber, daemon, summary."""

import contextlib
import importlib.util
import json
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

from rich.console import Console

from aed.commands.demo.broker import HOST, broker, free_port
from aed.commands.demo.messages import Message, read
from aed.commands.demo.processes import Child, running
from aed.commands.demo.subscriber import SUBSCRIBED
from aed.commands.demo.summary import Summary, alerts_of, summarise, table
from daemon.mqtt.topics import ONLINE, Topics
from daemon.playback import BLOCK_S
from ontology import home
from training.synthesis.rendered import Span
from training.synthesis.scene import home_scene, write_wav

NODE = "demo"
SOURCE = "scene"
START_PATIENCE_S = 45.0
"""For the daemon to load its model, reach the broker and hear the first sample."""

STOP_PATIENCE_S = 5.0
TAIL_S = 4.0
"""After the scene's end, for what the daemon still has to say."""

POLL_S = 0.05
PAGE_PORT = 8098


def perform(*, wav: Path, bundle: Path | None, seed: int, is_kept: bool = False) -> int:
    """Give the demonstration.

    Args:
        wav: where to write the scene.
        bundle: model bundle, None for the default one.
        seed: of the scene.
        is_kept: go on afterwards, so that the page can be looked at, until interrupted.

    Returns:
        0 if all alerts that must arrive did, else 1.

    Raises:
        DemoError: a part of it did not start, or ended early.
    """
    console = Console(highlight=False)
    topics = Topics(node=NODE)
    ontology = home()
    scene = home_scene(seed)
    wav.parent.mkdir(parents=True, exist_ok=True)
    write_wav(wav, scene.samples)
    console.print(f"[bold]aed demo[/]: {scene.duration_s:.0f} s at home, synthesised into {wav}")

    with contextlib.ExitStack() as stack:
        stack.enter_context(sigterm_as_exit())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="aed-demo-")))
        serving = stack.enter_context(broker(folder))
        console.print(f"MQTT broker on {HOST}:{serving.port}, subscriber on {topics.root}/#")
        notes = folder / "messages.jsonl"
        subscriber = stack.enter_context(_subscriber(serving.port, notes, folder))
        _await(notes, [serving.child, subscriber], lambda message: message.topic == SUBSCRIBED)
        page = page_port()
        settings = write_settings(
            folder, port=serving.port, wav=wav, bundle=bundle, page=page, repeats=is_kept
        )
        command = [sys.executable, "-m", "aed", "run", "--config", str(settings)]
        daemon = stack.enter_context(running("the daemon", command, folder / "daemon.log"))
        children = [serving.child, subscriber, daemon]
        online_at_s = _await(
            notes,
            children,
            lambda message: (
                message.topic == topics.source_status(SOURCE) and message.payload == ONLINE.decode()
            ),
        )
        # The source is online with its first block, which ends now, as a microphone's would.
        began_at_s = online_at_s - BLOCK_S
        console.print("The daemon hears the scene, at the pace of real life.")
        if page is not None:
            console.print(f"Look at it: [bold]http://{HOST}:{page}/[/]")
        console.print()
        _narrate(console, scene.spans, began_at_s, scene.duration_s + TAIL_S, children)
        noted = read(notes)
        if is_kept:
            console.print("\nThe minute goes round again, until you press Ctrl-C.\n")
            _wait_for_interrupt(children)
        if code := daemon.stop(STOP_PATIENCE_S):
            raise daemon.failure(f"ended with exit code {code} when it was asked to stop")
        noted = noted if is_kept else read(notes)

    alerts = alerts_of(noted, topics.alert, began_at_s)
    summary = summarise(scene.spans, alerts, ontology)
    console.print()
    console.print(table(summary, ontology))
    return _verdict(console, summary, wav)


def write_settings(
    folder: Path,
    *,
    port: int,
    wav: Path,
    bundle: Path | None,
    page: int | None = None,
    repeats: bool = False,
) -> Path:
    """Write the settings of the daemon.

    Args:
        folder: for the settings and the daemon's state.
        port: of the broker.
        wav: what the daemon's one source plays.
        bundle: model bundle, None for the default one.
        page: port of the local page, None for no page.
        repeats: the source begins again at its end.

    Returns:
        The file.
    """
    settings = folder / "settings.yaml"
    state = folder / "state"
    state.mkdir()
    fields: dict[str, Any] = {
        "node": NODE,
        "mqtt": {"host": HOST, "port": port},
        "sources": [
            {"kind": "file", "name": SOURCE, "path": str(wav.resolve()), "repeat": repeats}
        ],
        "state_directory": str(state),
    }
    if page is not None:
        fields["web"] = {"port": page}
    if bundle is not None:
        fields["bundle"] = str(bundle.resolve())
    settings.write_text(json.dumps(fields, indent=2))  # JSON is YAML
    return settings


def page_port() -> int | None:
    """Where the page can be looked at: its usual port, if free; None if it is not installed."""
    if any(importlib.util.find_spec(name) is None for name in ("starlette", "uvicorn")):
        return None
    with socket.socket() as probe:
        try:
            probe.bind((HOST, PAGE_PORT))
        except OSError:
            return free_port()
    return PAGE_PORT


@contextlib.contextmanager
def sigterm_as_exit() -> Iterator[None]:
    """Turn SIGTERM into SystemExit within a `with` block, so that children are ended first."""

    def leave(_number: int, _frame: FrameType | None) -> None:
        raise SystemExit(1)

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _subscriber(port: int, notes: Path, folder: Path) -> contextlib.AbstractContextManager[Child]:
    command = [sys.executable, "-m", "aed.commands.demo.subscriber"]
    command += ["--port", str(port), "--node", NODE, "--notes", str(notes)]
    return running("the subscriber", command, folder / "subscriber.log", shows_output=True)


def _await(notes: Path, children: Sequence[Child], wanted: Callable[[Message], bool]) -> float:
    """Wait for a message and give the wall time of its arrival."""
    deadline_s = time.monotonic() + START_PATIENCE_S
    while time.monotonic() < deadline_s:
        for message in read(notes):
            if wanted(message):
                return message.received_at_s
        for child in children:
            child.check()
        time.sleep(POLL_S)
    raise children[-1].failure(f"was not ready within {START_PATIENCE_S:g} s")


def _narrate(
    console: Console,
    spans: Sequence[Span],
    began_at_s: float,
    duration_s: float,
    children: Sequence[Child],
) -> None:
    """Say what sounds, when it does, until the scene is over."""
    ontology = home()
    ahead = sorted(spans, key=lambda span: span.onset_s)
    while (now_s := time.time() - began_at_s) < duration_s:
        while ahead and ahead[0].onset_s <= now_s:
            span = ahead.pop(0)
            at = time.strftime("%H:%M:%S", time.localtime(began_at_s + span.onset_s))
            tenth = int((began_at_s + span.onset_s) % 1 * 10)
            name = ontology.node(span.node).name
            console.print(f" [dim]sounds  {at}.{tenth}[/]  {name.lower()}")
        for child in children:
            child.check()
        time.sleep(POLL_S)


def _wait_for_interrupt(children: Sequence[Child]) -> None:
    with contextlib.suppress(KeyboardInterrupt):
        while True:
            for child in children:
                child.check()
            time.sleep(POLL_S)


def _verdict(console: Console, summary: Summary, wav: Path) -> int:
    console.print(f"Listen to it: {wav}")
    if summary.missing:
        names = " and ".join(summary.missing)
        console.print(f"[bold red]Failed[/]: no alert named {names}.")
        return 1
    console.print("[bold green]Passed[/]: both alerts arrived over MQTT.")
    return 0
