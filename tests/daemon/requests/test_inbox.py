"""Requests that wait to be answered."""

from daemon.requests.inbox import FLOOD, MAX_WAITING, RequestInbox


def test_what_came_over_a_lost_connection_is_forgotten() -> None:
    inbox = RequestInbox()
    inbox.put("t", b"", is_retained=False)

    inbox.clear()

    assert inbox.take() is None


def test_a_flood_over_a_lost_connection_is_forgiven() -> None:
    inbox = RequestInbox()
    for _ in range(MAX_WAITING + FLOOD):
        inbox.put("t", b"", is_retained=False)
    assert inbox.is_flooded

    inbox.clear()

    assert not inbox.is_flooded
