"""The local page over HTTP: its faults, viewers that do not read, and its end."""

import socket

import pytest

from tests.system.broker import HOST
from tests.system.page import StartPage, page_of

pytest.importorskip("starlette", reason="the page needs the web extra")


def test_a_fault_of_the_page_is_none_of_hearing_and_it_comes_back(start_page: StartPage) -> None:
    daemon, client = start_page()
    heard_s = client.get("/api/status").data["health"]["sources"]["mic"]["heard_s"]
    page_of(daemon).kill()

    daemon.wait_for_log("the web page does not run: it ended with exit code -9")
    client.wait_until_up()

    source = client.get("/api/status").data["health"]["sources"]["mic"]
    assert source["heard_s"] > heard_s
    assert (source["state"], source["restarts"], source["dropped_s"]) == ("online", 0, 0.0)


def test_viewers_who_do_not_read_or_are_too_many_hold_up_nobody(start_page: StartPage) -> None:
    daemon, client = start_page()
    idle = [socket.create_connection((HOST, client.port)) for _ in range(20)]
    for each in idle:
        each.sendall(b"GET /api/live HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    for each in [socket.create_connection((HOST, client.port)) for _ in range(10)]:
        each.sendall(b"GET /api/live HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ")
        idle.append(each)

    assert client.first_live(b'data: {"source"')
    assert client.get("/api/status").data["health"]["sources"]["mic"]["dropped_s"] == 0.0
    for each in idle:
        each.close()
    assert daemon.stop()[0] == 0


def test_stopping_with_viewers_is_quick_and_leaves_nothing(start_page: StartPage) -> None:
    daemon, client = start_page()
    page = page_of(daemon)
    with socket.create_connection((HOST, client.port)) as viewer:
        viewer.sendall(b"GET /api/live HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert viewer.recv(100)

        code, took_s = daemon.stop()

    assert code == 0
    assert took_s < 3.0
    assert not page.is_running()
