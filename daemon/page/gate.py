"""What every request has to pass, and what every response carries, whatever its route.

Pure ASGI, so that it stands before all that could go wrong.
"""

from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from daemon.page.sessions import COOKIE, Sessions

MOST_BODY_BYTES = 8_192
MOST_QUERY_BYTES = 1_024

ASKED_BY_SCRIPT = "x-aed"
"""A header that no form of another site can send; ours sends it with all that changes something."""

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; media-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'; require-trusted-types-for 'script'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), display-capture=()",
    "Cache-Control": "no-store",
}

_LONGEST_NUMBER = 9

_OPEN_TO_ALL = ("/login", "/api/login", "/static/login.js", "/static/style.css", "/static/icon.svg")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Who may come in.

    Attributes:
        sessions: whoever has the token of one; None if no password is wanted.
        hosts: names and addresses by which the page may be called; None for any. Without a
            password it is this machine's own, lest a strange site resolves its name to us.
    """

    sessions: Sessions | None
    hosts: frozenset[str] | None


class Gate:
    """Stands before the application."""

    def __init__(self, app: ASGIApp, *, entry: Entry) -> None:
        self._app = app
        self._entry = entry

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        refusal = self._refusal(Request(scope))
        if refusal is not None:
            await refusal(scope, receive, send_with_headers)
            return
        await self._app(scope, _bounded(receive), send_with_headers)

    def _refusal(self, request: Request) -> Response | None:
        """The answer to whoever may not come in; None for the others."""
        return self._misshapen(request) or _strange(request) or self._unknown(request)

    def _misshapen(self, request: Request) -> Response | None:
        hosts = self._entry.hosts
        if hosts is not None and _host_of(request.headers) not in hosts:
            return refused(421, "this page is not known by that name; call it by 127.0.0.1")
        if len(request.scope["query_string"]) > MOST_QUERY_BYTES:
            return refused(414, "the question is too long")
        if _length(request.headers) > MOST_BODY_BYTES:
            return refused(413, f"wanted at most {MOST_BODY_BYTES} bytes")
        return None

    def _unknown(self, request: Request) -> Response | None:
        sessions, path = self._entry.sessions, request.scope["path"]
        if sessions is None or path in _OPEN_TO_ALL:
            return None
        if sessions.is_good(request.cookies.get(COOKIE, "")):
            return None
        if path == "/":
            return RedirectResponse("/login", status_code=303)
        return refused(401, "log in first")


def _strange(request: Request) -> Response | None:
    """The answer to whom another site has sent; None for the others."""
    headers = request.headers
    is_link = request.scope["path"] in ("/", "/login")
    sent_by = headers.get("sec-fetch-site", "same-origin")
    is_question = request.method in ("GET", "HEAD")
    if not (is_link or sent_by in ("same-origin", "none")) or not (
        is_question or _is_ours(headers)
    ):
        return refused(403, "another site may not ask here")
    return None


def refused(status: int, reason: str, **headers: str) -> Response:
    """A response that says why not."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return JSONResponse({"error": reason}, status_code=status, headers=names)


def _is_ours(headers: Headers) -> bool:
    """Whether a script of ours asks: one of another site may not send the header unasked."""
    origin = headers.get("origin")
    is_same = origin is None or urlsplit(origin).netloc == headers.get("host")
    kind = headers.get("content-type", "").split(";")[0].strip()
    return is_same and headers.get(ASKED_BY_SCRIPT) == "1" and kind == "application/json"


def _host_of(headers: Headers) -> str | None:
    try:
        return urlsplit(f"//{headers.get('host', '')}").hostname
    except ValueError:
        return None


def _length(headers: Headers) -> int:
    text = headers.get("content-length", "0")
    is_number = text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER
    return int(text) if is_number else MOST_BODY_BYTES + 1


def _bounded(receive: Receive) -> Receive:
    """A body without a length ends the connection once it is too long."""
    size_bytes = 0

    async def bounded() -> Message:
        nonlocal size_bytes
        message = await receive()
        size_bytes += len(message.get("body", b""))
        if size_bytes > MOST_BODY_BYTES:
            return {"type": "http.disconnect"}
        return message

    return bounded
