"""Takes out of what others say the addresses' secrets: users, passwords, paths, queries."""

import re

_USER = re.compile(r"(\b[a-z][a-z0-9+.-]*://)\S*@", re.IGNORECASE)
"""Up to the last @: whoever writes a password into an address does not always quote what it has."""

_VALUES_USER = re.compile(r"^([a-z][a-z0-9+.-]*://)?.*@", re.IGNORECASE | re.DOTALL)

_URL = re.compile(r"(\b[a-z][a-z0-9+.-]*://[^/?#\s]*)\S*?(?=[:,;.)'\"]*(?:\s|$))", re.IGNORECASE)


def without_secrets(text: str) -> str:
    """Leave of every URL in a text no more than its scheme, host and port.

    A camera may want a password before the host, or take its path for one.

    >>> without_secrets("rtsp://user:pa/ss@camera:554/1?token=2: refused")
    'rtsp://camera:554/…: refused'
    """
    return _URL.sub(_host_alone, _USER.sub(r"\1", text))


def without_address(text: str) -> str:
    """The same of a single value, which may be an address without a scheme, or with blanks in it.

    >>> without_address("user:pass word@broker")
    'broker'
    """
    return without_secrets(_VALUES_USER.sub(r"\1", text))


def _host_alone(url: re.Match[str]) -> str:
    return f"{url[1]}/…" if len(url[0]) > len(url[1]) else url[0]
