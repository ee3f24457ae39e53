"""The page's own files, read once: what is not among them cannot be asked for."""

import hashlib
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from daemon.page.gate import refused

_FOLDER = Path(__file__).parent / "static"
_KINDS = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}


class StaticFiles:
    """Files by their names."""

    def __init__(self) -> None:
        self._files = {path.name: path.read_bytes() for path in sorted(_FOLDER.iterdir())}
        digest = hashlib.sha256(b"".join(self._files.values())).hexdigest()
        self._tag = f'"{digest[:16]}"'

    async def page(self, _: Request) -> Response:
        """The page."""
        return self._response("index.html")

    async def login(self, _: Request) -> Response:
        """The page that asks for the password."""
        return self._response("login.html")

    async def file(self, request: Request) -> Response:
        """A script, the style or the icon."""
        name = request.path_params["name"]
        if name not in self._files or name.endswith(".html"):
            return refused(404, "there is nothing")
        if request.headers.get("if-none-match") == self._tag:
            return Response(status_code=304, headers={"ETag": self._tag})
        return self._response(name)

    def _response(self, name: str) -> Response:
        headers = {"ETag": self._tag, "Cache-Control": "no-cache"}
        kind = _KINDS[Path(name).suffix]
        return Response(self._files[name], headers=headers, media_type=kind)
