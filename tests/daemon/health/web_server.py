"""A web server that answers within the test's own turns, and notes what it was asked for."""

import http.server
import ssl

HOST = "127.0.0.1"


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        server = self.server
        assert isinstance(server, WebServer)
        server.paths.append(self.path)
        code = int(self.path.split("/")[1])
        self.send_response(code)
        if code == 302:
            self.send_header("Location", server.location)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class WebServer(http.server.HTTPServer):
    """Answers with the code that the path begins with: `/404/anything`."""

    timeout = 0.01

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        """Begin to listen.

        Args:
            context: speaks TLS with this.
        """
        super().__init__((HOST, 0), _Handler)
        if context is not None:
            self.socket = context.wrap_socket(self.socket, server_side=True)
        self._scheme = "http" if context is None else "https"
        self.paths: list[str] = []
        self.location = ""
        """Where 302 leads."""

    def url(self, path: str) -> str:
        """Address of a path."""
        return f"{self._scheme}://{HOST}:{self.server_port}{path}"

    def turn(self) -> None:
        """Answer who has asked, if anybody has."""
        self.handle_request()
