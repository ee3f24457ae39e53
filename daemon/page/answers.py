"""What the page's scripts can ask for; each is a request to the daemon."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse

from daemon.page.daemon_link import DaemonLink, Data
from daemon.page.errors import AwayError, RefusedError
from daemon.page.explainer import Explainer
from daemon.page.gate import refused
from daemon.page.trend import Trend
from daemon.page.viewers import Viewers

FRESH_S = {"describe": 5.0, "status": 1.0, "suppressed": 2.0, "log": 2.0, "mistakes": 1.0}
"""Questions without data, and how old an answer may be: many viewers ask the daemon no more."""

_EVENT_FILTERS = ("node", "source", "since", "until")

Answer = Callable[[Request], Awaitable[Response]]


class Answers:
    """Answers them."""

    def __init__(
        self,
        link: DaemonLink,
        *,
        viewers: Viewers,
        trend: Trend,
        explainer: Explainer,
        has_password: bool,
    ) -> None:
        """Take the parts.

        Args:
            link: the way to the daemon.
            viewers: who is looking.
            trend: how aed was within the last day.
            explainer: explains clips.
            has_password: whoever looks has logged in.
        """
        self._has_password = has_password
        self._link = link
        self._viewers = viewers
        self._trend = trend
        self._explainer = explainer

    async def plain(self, request: Request) -> Response:
        """A question without data."""
        name = request.path_params["name"]
        if name not in FRESH_S:
            return refused(404, "there is nothing")
        return JSONResponse(await self._link.ask_at_most_every(FRESH_S[name], name))

    async def events(self, request: Request) -> Response:
        """What was heard: `node`, `source`, `since`, `until`, `critical`, `limit`."""
        given = request.query_params
        data: dict[str, Any] = {name: given[name] for name in _EVENT_FILTERS if given.get(name)}
        if given.get("critical"):
            data["critical"] = given["critical"] == "true"
        limit = given.get("limit", "50")
        if not (limit.isascii() and limit.isdigit() and len(limit) <= 4):  # noqa: PLR2004 - digits
            return refused(400, "limit: wanted a whole number")
        return JSONResponse(await self._link.ask("recent_events", {**data, "limit": int(limit)}))

    async def clip(self, request: Request) -> Response:
        """The sound of an event."""
        path = anyio.Path((await self._clip_of(request))["path"])
        if not await path.is_file():
            return refused(404, "the clip has just been removed")
        return FileResponse(path, media_type="audio/flac")

    async def has_clip(self, request: Request) -> Response:
        """Whether there is sound of an event; it is told of before it is written."""
        try:
            await self._clip_of(request)
        except RefusedError:
            return JSONResponse({"has_clip": False})
        return JSONResponse({"has_clip": True})

    async def explanation(self, request: Request) -> Response:
        """What `aed explain` says of the clip of an event."""
        return JSONResponse(await self._explainer.explain(await self._clip_of(request)))

    async def note_mistake(self, request: Request) -> Response:
        """Keep what a person says was wrong."""
        try:
            given = json.loads(await request.body())
        except (ValueError, RecursionError):
            return refused(400, "wanted a JSON object")
        if not isinstance(given, dict):
            return refused(400, "wanted a JSON object")
        return JSONResponse(await self._link.ask("note_mistake", given))

    async def trend(self, _: Request) -> Response:
        """How aed was within the last day."""
        return JSONResponse({"points": self._trend.points()})

    async def live(self, _: Request) -> Response:
        """What is heard now, as server-sent events."""
        if self._viewers.is_full:
            return refused(503, "too many are looking already")
        return StreamingResponse(self._viewers.look(), media_type="text/event-stream")

    async def entry(self, _: Request) -> Response:
        """Whether there is a password, and so a way out."""
        return JSONResponse({"has_password": self._has_password})

    async def _clip_of(self, request: Request) -> Data:
        return await self._link.ask("clip", {"event_id": request.path_params["event_id"]})


def told(answer: Answer) -> Answer:
    """Make a refusal of the daemon, or its absence, a response that says so."""

    async def answered(request: Request) -> Response:
        try:
            return await answer(request)
        except AwayError as error:
            return refused(503, str(error))
        except RefusedError as error:
            return refused(422, str(error))
        except ClientDisconnect:
            return refused(413, "that is too much")

    return answered
