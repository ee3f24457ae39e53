"""Metrics: what Prometheus fetches, and what happens when it, or the port, misbehaves."""

import contextlib
import json
import re
import socket
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from aed.bundle import Bundle
from daemon.clips.clips import Clips
from daemon.metrics.metrics import Metrics
from daemon.metrics.server import MOST_REQUESTS, TRY_AGAIN_S, MetricsServer
from daemon.settings.metrics import MetricsSettings
from tests.daemon.ears.test_announcer import SMOKE, event
from tests.daemon.fake_clock import FakeClock
from tests.daemon.fake_link import alert
from tests.daemon.health.test_health import Home, home
from tests.system.broker import free_port

ROOT = Path(__file__).parents[3]
INFO = b'{"version":"1","node":"kitchen","model":"m@1","ontology":"home"}'
DOCUMENTED = re.findall(r"^\| `(aed_\w+)`", (ROOT / "docs/metrics.md").read_text(), re.MULTILINE)


@contextlib.contextmanager
def serving(address: str = "127.0.0.1") -> Iterator[tuple[MetricsServer, str]]:
    port = free_port()
    server = MetricsServer(MetricsSettings(port=port, address=address), clock=FakeClock())
    try:
        yield server, f"http://{f'[{address}]' if ':' in address else address}:{port}/metrics"
    finally:
        server.close()


def metrics_of(it: Home, server: MetricsServer, folder: Path) -> Metrics:
    return Metrics(
        server,
        health=it.health,
        publisher=it.publisher,
        link=it.link,
        clips=Clips(folder, None, clock=it.clock),
        clock=it.clock,
    )


def fetch(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - ours
        return str(answer.read().decode())


def numbers(text: str) -> dict[str, float]:
    """Every sample by its name and the values of its labels, in the order of the labels' names."""
    return {
        " ".join(
            [sample.name, *(value for _, value in sorted(sample.labels.items()))]
        ): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_what_a_home_does_is_told(tmp_path: Path, bundle: Bundle) -> None:
    with home(tmp_path, bundle) as it, serving() as (server, url):
        metrics = metrics_of(it, server, tmp_path)
        it.turn_until(
            lambda: it.source.total_heard_s >= 2.0 and it.health.payload().self_test is not None
        )
        it.ear.tally.note_events(
            [event(1, "start", SMOKE), event(1, "end", SMOKE), event(2, "start", "pet/dog")]
        )
        it.link.lose()
        it.publisher.report(alert("a"))
        metrics.tick([(it.source, it.ear)], INFO)
        told = numbers(fetch(url))

        before = told["aed_source_audio_seconds_total mic"]
        assert before == 2.0
        assert told["aed_inference_seconds_count mic"] >= 2
        assert (
            told["aed_inference_seconds_bucket +Inf mic"] == told["aed_inference_seconds_count mic"]
        )
        assert told["aed_events_total smoke_alarm start mic"] == 1
        assert told["aed_events_total smoke_alarm end mic"] == 1
        assert told["aed_alerts_total dog mic"] == 1
        assert "aed_alerts_total crockery mic" not in told
        assert told["aed_source_state mic online"] == 1
        assert told["aed_source_state mic offline"] == 0
        assert told["aed_source_level_dbfs mic"] == pytest.approx(-24.1, abs=0.1)
        assert told["aed_build_info m@1 kitchen home 1"] == 1
        assert told["aed_self_test_passed"] == 1
        assert (told["aed_outbox_reports"], told["aed_broker_connected"]) == (2, 0)
        assert told["aed_problem"] == 0
        assert told["process_cpu_seconds_total"] > 0


def test_every_metric_is_documented_and_every_documented_one_exists(
    tmp_path: Path, bundle: Bundle
) -> None:
    with home(tmp_path, bundle) as it, serving() as (server, _):
        families = metrics_of(it, server, tmp_path).families([(it.source, it.ear)], INFO)

    assert sorted(exposed_name(family) for family in families) == sorted(DOCUMENTED)


def exposed_name(family: Metric) -> str:
    return family.name + {"counter": "_total", "info": "_info"}.get(family.type, "")


def test_the_dashboard_asks_for_metrics_that_exist_only_and_for_each_of_them() -> None:
    dashboard = json.loads((ROOT / "docs/grafana-dashboard.json").read_text())
    expressions = [t["expr"] for panel in dashboard["panels"] for t in panel["targets"]]
    queries = [v["query"]["query"] for v in dashboard["templating"]["list"] if v["type"] == "query"]
    asked = {
        name.removesuffix("_bucket")
        for text in expressions + queries
        for name in re.findall(r"\b(?:aed|process)_\w+", text)
    }

    assert asked - {"process_cpu_seconds_total"} <= set(DOCUMENTED)
    panels = dashboard["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    corners = {(p["gridPos"]["x"], p["gridPos"]["y"]) for p in panels}
    assert len(corners) == len(panels)
    assert all(p["gridPos"]["x"] + p["gridPos"]["w"] <= 24 for p in panels)


def test_a_port_that_is_taken_is_said_and_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    clock = FakeClock()
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        server = MetricsServer(MetricsSettings(port=port), clock=clock)
        for _ in range(5):
            server.tick()
            clock.advance(TRY_AGAIN_S)
        said = str(server.problem)
        assert f"metrics cannot be served at 127.0.0.1 port {port}" in said
        assert caplog.text.count("trying again") == 1
    server.tick()
    try:
        assert server.problem is None
        assert "process_cpu_seconds_total" in fetch(f"http://127.0.0.1:{port}/metrics")
    finally:
        server.close()
    with socket.create_server(("127.0.0.1", port)):
        pass  # closing has freed it


def test_a_thread_that_has_ended_is_replaced() -> None:
    clock, port = FakeClock(), free_port()
    server = MetricsServer(MetricsSettings(port=port), clock=clock)
    server.tick()
    assert server._server is not None
    assert server._thread is not None
    server._server.shutdown()
    server._thread.join(5.0)
    clock.advance(TRY_AGAIN_S)
    server.tick()
    try:
        assert "process_cpu_seconds_total" in fetch(f"http://127.0.0.1:{port}/metrics")
    finally:
        server.close()


def test_metrics_can_be_served_over_ipv6() -> None:
    with serving("::1") as (server, url):
        server.tick()
        assert server.problem is None
        assert "process_cpu_seconds_total" in fetch(url)


def test_clients_that_ask_nothing_are_few_and_hung_up_on_and_others_get_their_turn() -> None:
    with serving() as (server, url), contextlib.ExitStack() as mute:
        server.tick()
        address = ("127.0.0.1", int(url.split(":")[2].split("/")[0]))
        silent = [
            mute.enter_context(socket.create_connection(address)) for _ in range(MOST_REQUESTS)
        ]
        one_too_many = mute.enter_context(socket.create_connection(address))
        one_too_many.settimeout(3.0)
        with contextlib.suppress(ConnectionResetError):
            assert one_too_many.recv(1) == b""

        begin_s = time.monotonic()
        for client in silent:
            client.settimeout(15.0)
            assert client.recv(1) == b""
        assert time.monotonic() - begin_s < 12.0
        assert "process_cpu_seconds_total" in fetch(url)


@pytest.mark.parametrize("address", ["localhost", "", "127.0.0.1:80", "fe80::1%eth0", "kitchen"])
def test_an_address_that_would_have_to_be_looked_up_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="IP address"):
        MetricsSettings(port=9877, address=address)
