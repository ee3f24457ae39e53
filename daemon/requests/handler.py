"""The one handler of requests: a name and bytes in, the bytes of the response out.

Whatever the bytes are, they get a response, and only a request that is right in all its parts has
an effect. Who carries requests here and responses back (MQTT, the control socket) is not known to
this file.
"""

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from daemon.errors import RequestError
from daemon.mqtt.payloads import read_object, to_json
from daemon.settings.faults import shown
from daemon.settings.part import SettingsPart
from ontology.errors import AedError
from ontology.spelling import advice

_logger = logging.getLogger(__name__)

MAX_BYTES = 65_536
"""Longest request."""

MQTT = "MQTT"
"""Who asks, if it is somebody at the broker: many may read the response."""

MAX_TRANSACTION_CHARACTERS = 256
_MOST_TRANSACTION = 2**63

Data = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One thing that can be asked for.

    Attributes:
        model: what it takes.
        act: does it; is given an instance of `model` and who asks, and returns the response's data.
            Refuses by `RequestError`, or any other `AedError`.
    """

    model: type[SettingsPart]
    act: Callable[[Any, str], Data]


class RequestHandler:
    """Answers requests by their names."""

    def __init__(self, requests: Mapping[str, Request]) -> None:
        self._requests = requests

    def answer(self, name: str, payload: bytes, *, by: str) -> bytes:
        """Do what is asked.

        Args:
            name: which request.
            payload: its data, a JSON object with an optional `transaction`; empty for no data.
            by: who asks, for the log.

        Returns:
            The response as JSON.
        """
        try:
            fields = _fields(payload)
            transaction = fields.pop("transaction", None)
        except RequestError as error:
            return failure(str(error))
        return self._answer(name, fields, transaction, by=by)

    def answer_line(self, line: bytes, *, by: str) -> bytes:
        """Do what is asked by an object with `request`, and optionally `data` and `transaction`.

        Args:
            line: the object as JSON.
            by: who asks, for the log.

        Returns:
            The response as JSON.
        """
        try:
            fields = _fields(line)
        except RequestError as error:
            return failure(str(error))
        transaction = fields.pop("transaction", None)
        name, data = fields.pop("request", None), fields.pop("data", None)
        problem = None
        if fields:
            problem = _unknown_key(next(iter(fields)), ("request", "data", "transaction"))
        elif not isinstance(name, str):
            problem = f"request: wanted {self._names}, found {shown(name, ())}"
        elif data is not None and not isinstance(data, dict):
            problem = f"data: wanted a JSON object, found {shown(data, ())}"
        if problem is not None:
            return failure(problem, transaction=_echo(transaction))
        return self._answer(str(name), data or {}, transaction, by=by)

    def _answer(self, name: str, fields: Data, transaction: object, *, by: str) -> bytes:
        echo = _echo(transaction)
        if transaction is not None and not echo:
            return failure(
                f"transaction: wanted a whole number, or a text of at most "
                f"{MAX_TRANSACTION_CHARACTERS} characters, found {shown(transaction, ())}"
            )
        request = self._requests.get(name)
        if request is None:
            remedy = advice(name, self._requests, f"there are {self._names}")
            return failure(f"there is no request {shown(name, ())}; {remedy}", transaction=echo)
        try:
            data = request.act(request.model.model_validate(fields), by)
            return to_json({"data": data, "status": "ok", "error": None, **echo})
        except ValidationError as error:
            return failure(_faults(error, request.model), transaction=echo)
        except AedError as error:
            _logger.warning("request %s by %s refused: %s", name, by, error)
            return failure(str(error), transaction=echo)
        except Exception:
            # Whoever asks must not be able to end the daemon, whatever we have overlooked.
            _logger.exception("request %s by %s met a fault of aed", name, by)
            return failure("aed has a fault there; its log says more", transaction=echo)

    @property
    def _names(self) -> str:
        return f"one of {', '.join(self._requests)}"


def failure(error: str, *, transaction: Mapping[str, str | int] | None = None) -> bytes:
    """The response that says why nothing was done.

    Args:
        error: why.
        transaction: what is to be echoed.
    """
    return to_json({"data": {}, "status": "error", "error": error, **(transaction or {})})


def _fields(payload: bytes) -> Data:
    if len(payload) > MAX_BYTES:
        raise RequestError(f"wanted at most {MAX_BYTES} bytes, found more")
    try:
        return read_object(payload) if payload.strip() else {}
    except json.JSONDecodeError as error:
        raise RequestError(f"wanted a JSON object, found no JSON: {error}") from error
    except ValueError as error:
        raise RequestError(
            f"wanted a JSON object in UTF-8, found something else: {error}"
        ) from error


def _echo(transaction: object) -> dict[str, str | int]:
    """The transaction as a field of the response; nothing if there is none, or no such can be."""
    is_text = isinstance(transaction, str) and len(transaction) <= MAX_TRANSACTION_CHARACTERS
    is_number = (
        isinstance(transaction, int)
        and not isinstance(transaction, bool)
        and abs(transaction) < _MOST_TRANSACTION
    )
    if isinstance(transaction, str | int) and (is_text or is_number):
        return {"transaction": transaction}
    return {}


def _faults(error: ValidationError, model: type[SettingsPart]) -> str:
    details = error.errors(include_url=False)
    return "; ".join(_fault(detail, model) for detail in details[:10])


def _fault(detail: ErrorDetails, model: type[SettingsPart]) -> str:
    location = detail["loc"]
    key = str(location[0]) if location else ""
    if not location:
        return str(detail["ctx"]["error"])
    if detail["type"] == "extra_forbidden":
        return _unknown_key(key, tuple(model.model_fields))
    wanted = model.model_fields[key].description
    if detail["type"] == "missing":
        return f"{key}: missing; wanted {wanted}"
    return f"{key}: wanted {wanted}, found {shown(detail['input'], (key,))}"


def _unknown_key(key: str, known: tuple[str, ...]) -> str:
    names = ", ".join(known) or "no keys"
    return f"{shown(key, ())}: unknown key; {advice(key, known, f'it takes {names}')}"
