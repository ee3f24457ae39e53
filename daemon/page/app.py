"""Joins the parts of the page."""

import asyncio
import contextlib
import ipaddress
import os
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route

from daemon.page.answers import Answers, told
from daemon.page.attempts import Attempts
from daemon.page.daemon_link import DaemonLink
from daemon.page.errors import PageError
from daemon.page.explainer import Explainer
from daemon.page.gate import Entry, Gate
from daemon.page.login import Login
from daemon.page.passwords import PasswordHash
from daemon.page.sessions import Sessions, session_key
from daemon.page.static_files import StaticFiles
from daemon.page.trend import Trend
from daemon.page.viewers import Viewers

PARENT_EVERY_S = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class PageSettings:
    """What the page is told.

    Attributes:
        address: at which it listens.
        socket: the daemon's control socket.
        state: the state directory.
        parent: the daemon's process id.
        password: who may look must know it; None for nobody in particular.
    """

    address: str
    socket: Path
    state: Path
    parent: int
    password: PasswordHash | None


def make_app(settings: PageSettings) -> Starlette:
    """Make the application.

    Args:
        settings: what it is told.

    Raises:
        PageError: it would let the network in without a password.
    """
    is_loopback = ipaddress.ip_address(settings.address).is_loopback
    if settings.password is None and not is_loopback:
        raise PageError(f"{settings.address} lets the network in, which needs a password")
    link = DaemonLink(settings.socket)
    viewers, trend, files = Viewers(link), Trend(link), StaticFiles()
    answers = Answers(
        link,
        viewers=viewers,
        trend=trend,
        explainer=Explainer(),
        has_password=settings.password is not None,
    )
    routes = [
        Route("/", files.page),
        Route("/static/{name}", files.file),
        Route("/api/entry", told(answers.entry)),
        Route("/api/live", told(answers.live)),
        Route("/api/events", told(answers.events)),
        Route("/api/trend", told(answers.trend)),
        Route("/api/clip/{event_id}", told(answers.clip)),
        Route("/api/has-clip/{event_id}", told(answers.has_clip)),
        Route("/api/explanation/{event_id}", told(answers.explanation)),
        Route("/api/mistakes", told(answers.note_mistake), methods=["POST"]),
    ]
    sessions = None
    hosts = None
    if settings.password is None:
        hosts = frozenset({"localhost", "127.0.0.1", "::1", settings.address})
    else:
        sessions = Sessions(session_key(settings.state), settings.password, wall_s=time.time)
        login = Login(settings.password, sessions, Attempts(now_s=time.monotonic))
        routes += [
            Route("/login", files.login),
            Route("/api/login", told(login.enter), methods=["POST"]),
            Route("/api/logout", told(login.leave), methods=["POST"]),
        ]
    routes.append(Route("/api/{name}", told(answers.plain)))

    @contextlib.asynccontextmanager
    async def living(_: Starlette) -> AsyncIterator[None]:
        parts = (trend.follow(), _follow(settings.parent))
        tasks = [asyncio.create_task(each) for each in parts]
        yield
        for task in tasks:
            task.cancel()
        viewers.close()

    entry = Entry(sessions=sessions, hosts=hosts)
    return Starlette(routes=routes, middleware=[Middleware(Gate, entry=entry)], lifespan=living)


async def _follow(parent: int) -> None:
    """End at once when the daemon has: its successor wants the port."""
    while os.getppid() == parent:  # noqa: ASYNC110 - nobody tells a process of this
        await asyncio.sleep(PARENT_EVERY_S)
    os._exit(0)
