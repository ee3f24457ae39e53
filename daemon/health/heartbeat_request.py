"""Child process that makes one HTTP GET: `python -m daemon.health.heartbeat_request < URL`.

Looking up a name can hang for as long as it likes, and only a process can be killed. The URL may be
a secret, so it stands neither on the command line nor in what is written to the standard output:
nothing if the answer was 2xx (exit code 0), else why it was not (exit code 1).
"""

import http.client
import signal
import ssl
import sys
import urllib.error
import urllib.request
from email.message import Message
from typing import IO

TIMEOUT_S = 8.0
"""For connecting, and again for each piece of the answer."""

LIFETIME_S = 30
"""Then it ends even if whoever started it is dead."""

_REASON_CHARACTERS = 200


class _SameSecrecy(urllib.request.HTTPRedirectHandler):
    """Follows redirects, but never from https to what everybody can read."""

    def redirect_request(  # noqa: PLR0917 - urllib's
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: Message,
        newurl: str,
    ) -> urllib.request.Request | None:
        """Give the request to make instead, None for none."""
        if req.type == "https" and not newurl.lower().startswith("https:"):
            return None
        return super().redirect_request(req, fp, code, msg, headers, newurl)  # type: ignore[arg-type]


def main() -> int:
    """Make the request; returns the exit code."""
    signal.alarm(LIFETIME_S)
    reason = why_not_heard(sys.stdin.read().strip())
    if reason is None:
        return 0
    print(reason[:_REASON_CHARACTERS])
    return 1


def why_not_heard(url: str) -> str | None:
    """Get a URL.

    Args:
        url: http or https.

    Returns:
        None if it was answered with 2xx, else what is wrong, without any part of the URL.
    """
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        _SameSecrecy(),
    ):
        opener.add_handler(handler)
    opener.addheaders = [("User-Agent", "aed")]
    try:
        with opener.open(url, timeout=TIMEOUT_S):
            return None
    except urllib.error.HTTPError as error:
        return f"it answers {error.code}"
    except urllib.error.URLError as error:
        return _plain(error.reason)
    except (OSError, http.client.HTTPException, ValueError) as error:
        return _plain(error)


def _plain(error: object) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {error.verify_message}"
    if isinstance(error, TimeoutError):
        return "it does not answer"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    # The texts of other errors may hold the URL.
    return f"it does not speak HTTP ({type(error).__name__})"


if __name__ == "__main__":
    sys.exit(main())
