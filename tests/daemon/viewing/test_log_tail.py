"""The latest lines of the log, without the secrets of addresses."""

import logging
from collections.abc import Iterator

import pytest

from daemon.viewing.log_tail import MOST_LINES, LogTail

_logger = logging.getLogger("daemon.somewhere")


@pytest.fixture
def tail() -> Iterator[LogTail]:
    tail = LogTail()
    _logger.setLevel(logging.DEBUG)
    tail.listen()
    yield tail
    tail.close()


def test_what_is_logged_is_kept_with_its_level_and_the_oldest_goes(tail: LogTail) -> None:
    _logger.debug("too much")
    for number in range(MOST_LINES + 5):
        _logger.info("line %d", number)
    _logger.error("bad")

    lines = tail.lines()

    assert (len(lines), lines[0]["text"]) == (MOST_LINES, "line 6")
    assert (lines[-1]["level"], lines[-1]["text"]) == ("ERROR", "bad")
    assert lines[-1]["at"].endswith("Z")


def test_addresses_lose_their_secrets_and_long_lines_their_end(tail: LogTail) -> None:
    _logger.warning("rtsp://cam:hunter2@camera/hunter2?x=hunter2: %s", "y" * 2_000)

    (line,) = tail.lines()

    assert "hunter2" not in line["text"]
    assert line["text"].startswith("rtsp://camera/…")
    assert len(line["text"]) == 500


def test_after_closing_nothing_is_kept(tail: LogTail) -> None:
    tail.close()
    _logger.error("bad")

    assert tail.lines() == []
