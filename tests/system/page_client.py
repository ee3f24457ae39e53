"""Asks the local page as a browser's script would, or as somebody who means no good."""

import http.client
import json
import time
from dataclasses import dataclass
from typing import Any

from tests.system.broker import HOST

SCRIPT = {"Content-Type": "application/json", "X-AED": "1"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def data(self) -> dict[str, Any]:
        """The body as JSON."""
        data: dict[str, Any] = json.loads(self.body)
        return data


class PageClient:
    """Asks at one port; keeps the cookie that it was given."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.cookie: str | None = None

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """Ask once; `path` is sent as it is."""
        given = dict(headers or {})
        if self.cookie is not None:
            given["Cookie"] = self.cookie
        connection = http.client.HTTPConnection(HOST, self.port, timeout=20)
        try:
            connection.putrequest(method, path, skip_host="Host" in given)
            if body is not None:
                given.setdefault("Content-Length", str(len(body)))
            for name, value in given.items():
                connection.putheader(name, value)
            connection.endheaders(body)
            response = connection.getresponse()
            answer = Answer(
                status=response.status,
                headers={name.lower(): value for name, value in response.getheaders()},
                body=response.read(),
            )
        finally:
            connection.close()
        if "set-cookie" in answer.headers:
            self.cookie = answer.headers["set-cookie"].split(";")[0]
        return answer

    def get(self, path: str, headers: dict[str, str] | None = None) -> Answer:
        """Ask for something."""
        return self.ask("GET", path, headers=headers)

    def post(self, path: str, data: object, headers: dict[str, str] | None = None) -> Answer:
        """Send JSON as the page's own scripts do, with other headers if need be."""
        return self.ask("POST", path, json.dumps(data).encode(), {**SCRIPT, **(headers or {})})

    def wait_until_up(self, timeout_s: float = 30.0) -> None:
        """Wait until it answers."""
        deadline_s = time.monotonic() + timeout_s
        while True:
            try:
                if self.get("/static/style.css").status == http.HTTPStatus.OK:
                    return
            except OSError:
                pass
            assert time.monotonic() < deadline_s, "the page does not answer"
            time.sleep(0.05)

    def first_live(self, wanted: bytes, timeout_s: float = 20.0) -> bytes:
        """Watch until a line of the live stream begins so; returns the line."""
        connection = http.client.HTTPConnection(HOST, self.port, timeout=timeout_s)
        deadline_s = time.monotonic() + timeout_s
        headers = {} if self.cookie is None else {"Cookie": self.cookie}
        try:
            connection.request("GET", "/api/live", headers=headers)
            response = connection.getresponse()
            while time.monotonic() < deadline_s:
                line = response.readline()
                if line.startswith(wanted):
                    return line
        finally:
            connection.close()
        raise AssertionError(f"not seen: {wanted!r}")
