"""The request handler: whatever the bytes are, a response, and no effect unless all is right."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.errors import RequestError
from daemon.requests.data import MuteData, NoData, RecentEventsData, SetThresholdData
from daemon.requests.handler import MAX_BYTES, Data, Request, RequestHandler
from daemon.settings.part import SettingsPart

MODELS: dict[str, type[SettingsPart]] = {
    "ping": NoData,
    "mute": MuteData,
    "recent_events": RecentEventsData,
    "set_threshold": SetThresholdData,
}


class Desk:
    """Notes what would have been done."""

    def __init__(self) -> None:
        self.done: list[tuple[SettingsPart, str]] = []
        self.failure: Exception | None = None
        self.handler = RequestHandler(
            {name: Request(model=model, act=self._act) for name, model in MODELS.items()}
        )

    def _act(self, data: SettingsPart, by: str) -> Data:
        if self.failure is not None:
            raise self.failure
        self.done.append((data, by))
        return {"done": True}

    def ask(self, name: str, payload: bytes) -> dict[str, Any]:
        response: dict[str, Any] = json.loads(self.handler.answer(name, payload, by="a test"))
        return response

    def ask_line(self, line: bytes) -> dict[str, Any]:
        response: dict[str, Any] = json.loads(self.handler.answer_line(line, by="a test"))
        return response


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_right_request_is_done_and_its_transaction_echoed(desk: Desk) -> None:
    response = desk.ask("mute", b'{"for_s": 60, "transaction": "a1"}')

    assert response == {
        "data": {"done": True},
        "status": "ok",
        "error": None,
        "transaction": "a1",
    }
    assert desk.done == [(MuteData(for_s=60), "a test")]
    assert "transaction" not in desk.ask("ping", b"")
    assert desk.ask("ping", b'{"transaction": 7}')["transaction"] == 7


def test_a_line_names_its_request(desk: Desk) -> None:
    line = b'{"request": "mute", "data": {"for_s": 60}, "transaction": 1}'

    assert desk.ask_line(line)["transaction"] == 1
    assert desk.ask_line(b'{"request": "ping"}')["status"] == "ok"
    assert len(desk.done) == 2


@pytest.mark.parametrize(
    ("name", "payload", "error"),
    [
        ("pong", "{}", "there is no request 'pong'; did you mean 'ping'?"),
        ("xyz", "{}", "there is no request 'xyz'; there are one of ping, mute,"),
        ("ping", "{", "wanted a JSON object, found no JSON: "),
        ("ping", "[]", "wanted a JSON object"),
        ("ping", "[" * 60_000, "nested too deeply"),
        ("ping", '{"a": 1}', "'a': unknown key; it takes no keys"),
        ("mute", "{}", "for_s: missing; wanted a number of seconds from 0 to 86400"),
        ("mute", '{"for": 1}', "'for': unknown key; did you mean 'for_s'?"),
        (
            "mute",
            '{"for_s": "60"}',
            "for_s: wanted a number of seconds from 0 to 86400, found '60'",
        ),
        ("mute", '{"for_s": true}', "found True"),
        ("mute", '{"for_s": NaN}', "wanted a JSON object"),
        ("mute", '{"for_s": 1e999}', "wanted a JSON object"),
        ("mute", '{"for_s": 86401}', "found 86401"),
        ("mute", '{"for_s": -1}', "found -1"),
        ("mute", f'{{"for_s": 1, "x": "{"x" * MAX_BYTES}"}}', "wanted at most 65536 bytes"),
        ("recent_events", '{"limit": 101}', "limit: wanted a whole number from 1 to 100"),
        ("recent_events", '{"since": 5}', "since: wanted a time such as"),
        ("recent_events", '{"since": "2026-11-22T18:30:16"}', "since: wanted a time such as"),
        ("recent_events", '{"node": "Smoke"}', "node: wanted the id of a node"),
        ("set_threshold", '{"node": "dog"}', "on: missing"),
        ("set_threshold", '{"node": "dog", "on": 0}', "on: wanted a number from 0.05 to 0.99"),
        ("set_threshold", '{"node": "dog", "on": null, "off": 0.2}', "off needs its on"),
        ("set_threshold", '{"node": "dog", "on": 0.3, "off": 0.4}', "off must not be above on"),
        ("ping", '{"transaction": {}}', "transaction: wanted a whole number, or a text"),
        ("ping", '{"transaction": true}', "transaction: wanted a whole number, or a text"),
    ],
)
def test_what_is_wrong_is_said_and_not_done(
    desk: Desk, name: str, payload: str, error: str
) -> None:
    response = desk.ask(name, payload.encode())

    assert (response["status"], response["data"]) == ("error", {})
    assert error in response["error"]
    assert desk.done == []


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("{}", "request: wanted one of ping, mute,"),
        ('{"request": 5}', "request: wanted one of ping, mute, recent_events, set_threshold"),
        ('{"request": "ping", "data": 5}', "data: wanted a JSON object, found 5"),
        ('{"request": "ping", "dat": {}}', "'dat': unknown key; did you mean 'data'?"),
    ],
)
def test_a_line_that_is_wrong_is_said_and_not_done(desk: Desk, line: str, error: str) -> None:
    assert error in desk.ask_line(line.encode())["error"]
    assert desk.done == []


def test_a_refusal_echoes_the_transaction(desk: Desk) -> None:
    desk.failure = RequestError("not here")

    response = desk.ask("ping", b'{"transaction": "t"}')

    assert response == {"data": {}, "status": "error", "error": "not here", "transaction": "t"}
    assert desk.ask("pong", b'{"transaction": "t"}')["transaction"] == "t"
    assert desk.ask("mute", b'{"transaction": "t"}')["transaction"] == "t"


def test_a_fault_of_ours_is_answered_and_logged(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.failure = ZeroDivisionError("a bug")

    assert desk.ask("ping", b"")["error"] == "aed has a fault there; its log says more"
    assert "ZeroDivisionError: a bug" in caplog.text


NAMES = st.sampled_from([*MODELS, "pong"]) | st.text(max_size=8)
KEYS = st.sampled_from(
    ["for_s", "limit", "node", "source", "since", "until", "critical", "on", "off", "transaction"]
)
TIMES = st.datetimes().map(lambda moment: moment.isoformat() + "Z")
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | TIMES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=6,
)
OBJECTS = st.dictionaries(KEYS | st.text(max_size=4), VALUES, max_size=5)


def is_response(response: dict[str, Any]) -> bool:
    fields = [name for name in response if name != "transaction"]
    is_known = response["status"] in ("ok", "error")
    return fields == ["data", "status", "error"] and is_known


@settings(max_examples=300, deadline=None)
@given(name=NAMES, payload=st.binary(max_size=60) | OBJECTS.map(lambda it: json.dumps(it).encode()))
def test_any_bytes_get_a_response_and_only_right_ones_an_effect(name: str, payload: bytes) -> None:
    desk = Desk()

    response = desk.ask(name, payload)

    assert is_response(response)
    assert len(desk.done) == (response["status"] == "ok")
    for data, _ in desk.done:
        assert type(data) is MODELS[name]


@settings(max_examples=300, deadline=None)
@given(
    line=st.binary(max_size=60)
    | st.fixed_dictionaries(
        {}, optional={"request": NAMES | VALUES, "data": OBJECTS | VALUES, "transaction": VALUES}
    ).map(lambda it: json.dumps(it).encode())
)
def test_any_line_gets_a_response_and_only_a_right_one_an_effect(line: bytes) -> None:
    desk = Desk()

    response = desk.ask_line(line)

    assert is_response(response)
    assert len(desk.done) == (response["status"] == "ok")
