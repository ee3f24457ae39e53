"""Real parts for the system tests: broker, subscriber, daemon, microphone."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.system.broker import HOST, Broker, Subscriber
from tests.system.daemon_process import DaemonProcess, LoudSource
from tests.system.installed_bundles import named, put_in_place
from tests.system.loudness_bundle import write_loudness_bundle
from tests.system.page import Pages, StartPage
from tests.system.virtual_microphone import VirtualMicrophone

StartDaemon = Callable[..., DaemonProcess]


@pytest.fixture(scope="session")
def loudness_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a bundle that takes whatever is loud for a smoke alarm."""
    return write_loudness_bundle(tmp_path_factory.mktemp("bundles") / "loudness")


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    """A Mosquitto that runs and forgets everything when it is stopped."""
    broker = Broker(tmp_path / "broker")
    broker.start()
    yield broker
    broker.stop()


@pytest.fixture
def lasting_broker(tmp_path: Path) -> Iterator[Broker]:
    """A Mosquitto that keeps sessions and messages over a stop."""
    folder = tmp_path / "lasting_broker"
    settings = f"allow_anonymous true\npersistence true\npersistence_location {folder}/\n"
    broker = Broker(folder, settings=settings)
    broker.start()
    yield broker
    broker.stop()


@pytest.fixture
def subscriber(broker: Broker) -> Iterator[Subscriber]:
    """Someone who listens to all that aed says."""
    subscriber = Subscriber(broker.port)
    yield subscriber
    subscriber.close()


@pytest.fixture
def loud_source(tmp_path: Path) -> LoudSource:
    """A source that the test can make loud."""
    return LoudSource(tmp_path / "source")


@pytest.fixture
def start_daemon(
    tmp_path: Path, broker: Broker, loud_source: LoudSource, loudness_bundle: Path
) -> Iterator[StartDaemon]:
    """Starts `aed run` beside the broker; keywords replace settings."""
    daemons: list[DaemonProcess] = []

    def start(*, environment: Mapping[str, str] | None = None, **changes: object) -> DaemonProcess:
        settings: dict[str, Any] = {
            "mqtt": {"host": HOST, "port": broker.port},
            "bundle": str(loudness_bundle),
            "sources": [loud_source.settings()],
            **changes,
        }
        daemon = DaemonProcess(
            tmp_path / f"daemon{len(daemons)}", settings, environment=environment
        )
        daemons.append(daemon)
        daemon.start()
        return daemon

    yield start
    for daemon in daemons:
        daemon.kill()


@pytest.fixture(scope="session")
def microphone() -> Iterator[VirtualMicrophone]:
    """A microphone without hardware, plugged in."""
    microphone = VirtualMicrophone()
    microphone.start()
    yield microphone
    microphone.close()


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """State directory of a daemon with installed bundles."""
    return tmp_path / "state"


@pytest.fixture
def start_installed(
    start_daemon: StartDaemon, tmp_path: Path, state: Path, loudness_bundle: Path
) -> StartDaemon:
    """Starts `aed run` with an installed bundle, named `old`, that has proven itself."""
    put_in_place(state, named(tmp_path / "old", loudness_bundle, "old"), is_proven=True)

    def start(**changes: object) -> DaemonProcess:
        return start_daemon(
            bundle=None,
            state_directory=str(state),
            runtime_directory=str(tmp_path / "run"),
            **changes,
        )

    return start


@pytest.fixture
def start_page(tmp_path: Path, loud_source: LoudSource) -> Iterator[StartPage]:
    """Starts `aed run` with a page, without a broker; keywords replace settings."""
    pages = Pages(tmp_path, loud_source)
    yield pages.start
    pages.kill()
