"""Logging in and out."""

import asyncio
import json
import sys

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from daemon.page.attempts import Attempts
from daemon.page.gate import refused
from daemon.page.passwords import PasswordHash
from daemon.page.sessions import COOKIE, LASTS_S, Sessions


class Login:
    """The two requests."""

    def __init__(self, password: PasswordHash, sessions: Sessions, attempts: Attempts) -> None:
        """Take the parts.

        Args:
            password: the one that is wanted.
            sessions: gives tokens.
            attempts: counts who tries in vain.
        """
        self._password = password
        self._sessions = sessions
        self._attempts = attempts
        self._one_at_a_time = asyncio.Lock()

    async def enter(self, request: Request) -> Response:
        """Log in with `{"password": …}`."""
        address = request.client.host if request.client is not None else ""
        try:
            given = json.loads(await request.body())
            password = given["password"]
        except (ValueError, KeyError, TypeError, RecursionError):
            password = None
        if not isinstance(password, str):
            return refused(400, "wanted a password")
        wait_s = self._attempts.wait_s(address)
        if wait_s > 0:
            return refused(
                429, f"too many attempts; again in {wait_s:.0f} s", Retry_After=f"{wait_s:.0f}"
            )
        # Noted before it is known, lest many be tried at the same time.
        self._attempts.fail(address)
        async with self._one_at_a_time:  # each takes 32 MB
            is_right = await asyncio.to_thread(self._password.matches, password)
        if not is_right:
            print(f"a wrong password was given, from {address}", file=sys.stderr)
            return refused(401, "that is not the password")
        self._attempts.succeed(address)
        response = JSONResponse({})
        response.set_cookie(
            COOKIE, self._sessions.new(), max_age=LASTS_S, httponly=True, samesite="strict"
        )
        return response

    async def leave(self, _: Request) -> Response:
        """Log out."""
        response = JSONResponse({})
        response.delete_cookie(COOKIE, httponly=True, samesite="strict")
        return response
