"""Serves metrics over HTTP, for Prometheus to fetch; loaded only where the settings ask for it.

prometheus-client's server runs in a thread of its own and answers each request in another one. They
share nothing with the main loop but a list that is replaced, never changed. The library's own
`start_http_server` is not used, since it looks up the name of its address in the DNS, which may
hold up the main loop for longer than the watchdog waits, and sets no limit to who asks how slowly.
"""

import logging
import socket
import socketserver
import threading  # noqa: TID251 - the one thread that serves metrics, where they are asked for
from collections.abc import Iterable, Sequence
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

from prometheus_client import CollectorRegistry, Metric, ProcessCollector, make_wsgi_app
from prometheus_client.exposition import ThreadingWSGIServer
from prometheus_client.registry import Collector

from daemon.clocks import Clock
from daemon.settings.metrics import MetricsSettings

_logger = logging.getLogger(__name__)

TRY_AGAIN_S = 10.0
"""After a port was taken."""

SAY_AGAIN_S = 600.0

MOST_REQUESTS = 4
"""Answered at once; who else comes is hung up on. Each takes a thread, of which a service may have
only so many."""

_SLOWEST_S = 5.0
"""A client that neither asks nor reads for so long is hung up on."""


class _Latest(Collector):
    """Gives what the main loop left last."""

    def __init__(self) -> None:
        self.families: Sequence[Metric] = ()

    def collect(self) -> Iterable[Metric]:
        return self.families


class _Handler(WSGIRequestHandler):
    timeout = _SLOWEST_S

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ANN401 - its signature
        """Say nothing: a scrape every few seconds is no news."""


class _Server(ThreadingWSGIServer):
    def __init__(self, *arguments: Any, **keywords: Any) -> None:  # noqa: ANN401 - make_server's
        self._free = threading.Semaphore(MOST_REQUESTS)
        super().__init__(*arguments, **keywords)

    def server_bind(self) -> None:
        """Bind without looking up a name."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]
        self.setup_environ()

    def verify_request(self, request: Any, client_address: Any) -> bool:  # noqa: ANN401, ARG002
        return self._free.acquire(blocking=False)

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401
        try:
            super().process_request(request, client_address)
        except BaseException:  # no thread could be started
            self._free.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:  # noqa: ANN401
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401, ARG002
        _logger.debug("metrics: a request of %s failed", client_address)


class _Server6(_Server):
    address_family = socket.AF_INET6


class MetricsServer:
    """Listens at a port, or keeps trying to."""

    def __init__(self, settings: MetricsSettings, *, clock: Clock) -> None:
        """Prepare; the first `tick` begins to listen.

        Args:
            settings: where.
            clock: for when to try again.
        """
        self._settings = settings
        self._clock = clock
        self._latest = _Latest()
        self._registry = CollectorRegistry()
        self._registry.register(self._latest)
        ProcessCollector(registry=self._registry)
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None
        self._try_s = clock.boottime_s()
        self._said_s: float | None = None
        self.problem: str | None = None
        """What is wrong, as a sentence."""

    def show(self, families: Sequence[Metric]) -> None:
        """Replace what is served.

        Args:
            families: the metrics; nobody may change them any more.
        """
        self._latest.families = families

    def tick(self) -> None:
        """Listen, if nobody does and it is time to try."""
        now_s = self._clock.boottime_s()
        if self._server is not None and self._thread is not None and not self._thread.is_alive():
            _logger.error("metrics: their thread has ended; beginning another")
            self._server.server_close()
            self._server = None
        if self._server is None and now_s >= self._try_s:
            self._try_s = now_s + TRY_AGAIN_S
            self._open(now_s)

    def close(self) -> None:
        """Free the port; waits for up to half a second."""
        server, self._server = self._server, None
        if server is not None:
            server.shutdown()
            server.server_close()

    def _open(self, now_s: float) -> None:
        address, port = self._settings.address, self._settings.port
        kind = _Server6 if ":" in address else _Server
        try:
            server = make_server(address, port, make_wsgi_app(self._registry), kind, _Handler)
        except OSError as error:
            self.problem = f"metrics cannot be served at {address} port {port}: {error.strerror}"
            if self._said_s is None or now_s - self._said_s >= SAY_AGAIN_S:
                self._said_s = now_s
                _logger.warning("%s; trying again", self.problem)
            return
        thread = threading.Thread(target=server.serve_forever, name="metrics", daemon=True)
        try:
            thread.start()
        except RuntimeError as error:
            server.server_close()
            self.problem = f"metrics cannot be served: {error}"
            return
        self._server, self._thread, self.problem, self._said_s = server, thread, None, None
        _logger.info("metrics are served at http://%s:%d/metrics", address, port)
