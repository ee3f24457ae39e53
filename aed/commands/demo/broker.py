"""The demonstration's own MQTT broker: amqtt in a process of its own, on the loopback only."""

import contextlib
import importlib.util
import json
import socket
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from aed.commands.demo.processes import Child, DemoError, running

HOST = "127.0.0.1"
PATIENCE_S = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Broker:
    """A broker that accepts connections.

    Attributes:
        port: TCP port on HOST.
        child: its process.
    """

    port: int
    child: Child


@contextlib.contextmanager
def broker(folder: Path) -> Iterator[Broker]:
    """Run a broker for the length of a `with` block.

    Args:
        folder: where its settings and log go.

    Yields:
        The broker, already accepting connections.

    Raises:
        DemoError: amqtt is not installed, or does not start.
    """
    if importlib.util.find_spec("amqtt") is None:
        raise DemoError(
            "the demonstration brings its own MQTT broker, the Python package amqtt, "
            "which is not installed; install it with: pip install 'aed[demo]'"
        )
    port = free_port()
    settings = folder / "broker.yaml"
    settings.write_text(
        json.dumps(  # JSON is YAML
            {
                "listeners": {"default": {"type": "tcp", "bind": f"{HOST}:{port}"}},
                "plugins": {
                    "amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}
                },
            }
        )
    )
    command = [sys.executable, "-m", "amqtt.scripts.broker_script", "-c", str(settings)]
    with running("the MQTT broker", command, folder / "broker.log") as child:
        _wait_until_open(port, child)
        yield Broker(port=port, child=child)


def free_port() -> int:
    """A TCP port of HOST that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_open(port: int, child: Child) -> None:
    deadline_s = time.monotonic() + PATIENCE_S
    while True:
        try:
            socket.create_connection((HOST, port), timeout=1.0).close()
        except OSError:
            child.check()
            if time.monotonic() > deadline_s:
                problem = f"did not open port {port} within {PATIENCE_S:g} s"
                raise child.failure(problem) from None
            time.sleep(0.05)
        else:
            return
