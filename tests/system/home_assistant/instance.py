"""Home Assistant as a process: started, asked over its REST API, stopped."""

import base64
import hashlib
import hmac
import json
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml

from tests.system.broker import HOST, free_port
from tests.system.home_assistant.installation import PROGRAM

START_S = 120.0

_Found = TypeVar("_Found")

_FOLDER = "/mnt"
"""Where its configuration lies inside of the root."""

_IN_ROOT = f"""
set -e
mount --bind "$1" "$1"
mount -o remount,bind,ro "$1"
mount --bind "$2" "$1{_FOLDER}"
mount -t proc proc "$1/proc"
mount --rbind /dev "$1/dev"
mount -t tmpfs tmpfs "$1/tmp"
exec chroot "$1" env -i HOME={_FOLDER} PATH=/usr/bin:/bin {PROGRAM} -c {_FOLDER} --skip-pip
"""
"""In mounts of its own, with a root that it cannot change, and without a thought of PyPI."""

_WITH_MOUNTS = ("unshare", "--mount", "--propagation=private")

_NOW = "2026-01-01T00:00:00+00:00"
_KEY = "of a home that lives as long as the test"
_TOKEN_ID = "tests"  # noqa: S105 - the same


class HomeAssistant:
    """A Home Assistant with the MQTT integration set up, and nothing else."""

    def __init__(
        self, root: Path, folder: Path, *, broker_port: int, automations: Sequence[object] = ()
    ) -> None:
        """Write its configuration; does not start it.

        Args:
            root: what `home_assistant_root` gave.
            folder: for its configuration, storage and log.
            broker_port: of the broker that its MQTT integration uses.
            automations: as they stand in its configuration.
        """
        self._root = root
        self._folder = folder
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self.start_took_s = 0.0
        self._write_configuration(automations)
        for key, data in _storage(broker_port).items():
            path = folder / ".storage" / key
            path.parent.mkdir(exist_ok=True)
            path.write_text(json.dumps({"key": key, **data}))

    @property
    def log(self) -> str:
        """What it has said so far, over all its runs."""
        return (self._folder / "output.log").read_text()

    def start(self) -> None:
        """Start it and wait until it answers and has read its configuration."""
        begin_s = time.monotonic()
        with (self._folder / "output.log").open("ab") as log:
            self._process = subprocess.Popen(
                [*_WITH_MOUNTS, "sh", "-c", _IN_ROOT, "sh", str(self._root), str(self._folder)],
                stdout=log,
                stderr=log,
            )
        self.wait_until(self._is_running, "a running Home Assistant", START_S)
        self.start_took_s = time.monotonic() - begin_s

    def stop(self) -> None:
        """Shut it down as its user would."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(60)
            self._process = None

    def kill(self) -> None:
        """End it as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def states(self) -> dict[str, dict[str, Any]]:
        """Every entity with its state and attributes, by its id."""
        return {each["entity_id"]: each for each in self._ask("/api/states")}

    def state(self, entity: str) -> str | None:
        """State of an entity; None if there is no such."""
        found = self.states().get(entity)
        return None if found is None else str(found["state"])

    def wait_for(self, entity: str, state: str | None, timeout_s: float = 30.0) -> float:
        """Wait until an entity has a state, None for not being there; returns the seconds."""
        begin_s = time.monotonic()
        self.wait_until(lambda: self.state(entity) == state, f"{entity} {state}", timeout_s)
        return time.monotonic() - begin_s

    def wait_until(
        self, condition: Callable[[], _Found], what: str, timeout_s: float = 30.0
    ) -> _Found:
        """Wait until something is true; returns it."""
        deadline_s = time.monotonic() + timeout_s
        while time.monotonic() < deadline_s:
            assert self._process is None or self._process.poll() is None, self.log
            if found := condition():
                return found
            time.sleep(0.1)
        raise AssertionError(f"not seen: {what}; {self.seen()}\nit said:\n{self.log[-5000:]}")

    def seen(self) -> str:
        """The states of all entities in a line each."""
        try:
            return "\n".join(f"{name}: {each['state']}" for name, each in self.states().items())
        except OSError as error:
            return str(error)

    def act(self, action: str, **data: object) -> None:
        """Perform an action, such as `switch.turn_on`."""
        self._ask(f"/api/services/{action.replace('.', '/')}", data)

    def render(self, template: str) -> str:
        """What a template says."""
        return str(self._ask("/api/template", {"template": template}))

    def _is_running(self) -> bool:
        try:
            return bool(self._ask("/api/config")["state"] == "RUNNING")
        except OSError:
            return False

    def _ask(self, path: str, data: Mapping[str, object] | None = None) -> Any:  # noqa: ANN401 - JSON
        request = urllib.request.Request(
            f"http://{HOST}:{self._port}{path}",
            data=None if data is None else json.dumps(data).encode(),
            headers={"Authorization": f"Bearer {_token()}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310 - http
            text = answer.read().decode()
        return text if path == "/api/template" else json.loads(text)

    def _write_configuration(self, automations: Sequence[object]) -> None:
        configuration = {
            "homeassistant": {
                "name": "Home",
                "time_zone": "Europe/Berlin",
                "latitude": 52.5,
                "longitude": 13.4,
                "unit_system": "metric",
            },
            "http": {"server_host": HOST, "server_port": self._port},
            "api": None,
            "automation": list(automations),
            "logger": {"default": "warning"},
        }
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / "configuration.yaml").write_text(yaml.safe_dump(configuration))


def _storage(broker_port: int) -> dict[str, dict[str, Any]]:
    """What its setting up in a browser would have stored: the MQTT integration, and a user."""
    entry = {
        "entry_id": "mqtt",
        "domain": "mqtt",
        "title": "broker",
        "version": 1,
        "minor_version": 1,
        "source": "user",
        "unique_id": None,
        "disabled_by": None,
        "pref_disable_new_entities": False,
        "pref_disable_polling": False,
        "created_at": _NOW,
        "modified_at": _NOW,
        "discovery_keys": {},
        "subentries": [],
        "data": {"broker": HOST, "port": broker_port, "protocol": "3.1.1"},
        "options": {"discovery": True, "discovery_prefix": "homeassistant"},
    }
    user = {
        "id": "owner",
        "name": "Owner",
        "group_ids": ["system-admin"],
        "is_owner": True,
        "is_active": True,
        "system_generated": False,
        "local_only": False,
    }
    token = {
        "id": _TOKEN_ID,
        "user_id": "owner",
        "client_id": None,
        "client_name": "tests",
        "token_type": "long_lived_access_token",
        "created_at": _NOW,
        "access_token_expiration": 315_360_000.0,
        "token": "unused",
        "jwt_key": _KEY,
        "version": None,
    }
    return {
        "core.config_entries": {"version": 1, "minor_version": 5, "data": {"entries": [entry]}},
        "auth": {
            "version": 1,
            "minor_version": 1,
            "data": {
                "users": [user],
                "groups": [],
                "credentials": [],
                "refresh_tokens": [token],
            },
        },
    }


def _token() -> str:
    """An access token (JSON Web Token, HS256) that it accepts."""
    parts = [{"alg": "HS256", "typ": "JWT"}, {"iss": _TOKEN_ID, "iat": 1, "exp": 4_000_000_000}]
    signed = b".".join(_encoded(json.dumps(part).encode()) for part in parts)
    signature = hmac.new(_KEY.encode(), signed, hashlib.sha256).digest()
    return b".".join([signed, _encoded(signature)]).decode()


def _encoded(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")
