"""Why a broker may close connections soon, told apart."""

import pytest

from daemon.mqtt.short_connections import SUSPICIOUS, ShortConnections
from tests.daemon.fake_clock import FakeClock

FORBIDDEN, RIVAL = "as soon as aed subscribes", "throws the other out"


@pytest.fixture
def connections() -> ShortConnections:
    return ShortConnections(
        address="host:1883", client_id="aed-x", filters=["a/#", "b"], clock=FakeClock()
    )


def may_subscribe(connections: ShortConnections) -> bool:
    return connections.may_subscribe


def end_short(connections: ShortConnections, number: int, *, is_answered: bool) -> None:
    for _ in range(number):
        assert may_subscribe(connections)
        connections.note_short(is_answered=is_answered)


def test_connections_that_end_after_our_subscriptions_were_answered_mean_a_rival(
    connections: ShortConnections, caplog: pytest.LogCaptureFixture
) -> None:
    end_short(connections, SUSPICIOUS, is_answered=True)

    assert may_subscribe(connections)
    assert RIVAL in caplog.text


def test_connections_that_end_before_that_mean_that_subscribing_is_forbidden(
    connections: ShortConnections, caplog: pytest.LogCaptureFixture
) -> None:
    end_short(connections, SUSPICIOUS, is_answered=False)

    assert not may_subscribe(connections)
    assert FORBIDDEN in caplog.text
    assert RIVAL not in caplog.text


def test_after_a_steady_connection_without_them_subscriptions_are_tried_once_more(
    connections: ShortConnections,
) -> None:
    end_short(connections, SUSPICIOUS, is_answered=False)
    connections.note_other(is_steady=True)

    end_short(connections, 1, is_answered=False)
    assert not may_subscribe(connections)

    connections.note_other(is_steady=True)
    end_short(connections, 1, is_answered=True)
    end_short(connections, 1, is_answered=False)
    assert may_subscribe(connections)


def test_where_it_does_not_help_to_do_without_subscriptions_they_are_made_again(
    connections: ShortConnections, caplog: pytest.LogCaptureFixture
) -> None:
    end_short(connections, SUSPICIOUS, is_answered=False)
    connections.note_other(is_steady=False)
    assert not may_subscribe(connections), "a broker that is away says nothing of it"

    connections.note_short(is_answered=True)

    assert may_subscribe(connections)
    end_short(connections, SUSPICIOUS - 1, is_answered=True)
    assert caplog.text.count(FORBIDDEN) == 1
