"""The journal learns the priority of every line."""

import logging

import pytest

from daemon.journal import JournalFormatter


@pytest.mark.parametrize(
    ("level", "line"),
    [
        (logging.DEBUG, "<7>a cat"),
        (logging.INFO, "<6>a cat"),
        (logging.WARNING, "<4>a cat"),
        (logging.ERROR, "<3>a cat"),
        (logging.CRITICAL, "<3>a cat"),
    ],
)
def test_a_line_begins_with_its_priority(level: int, line: str) -> None:
    record = logging.LogRecord("aed", level, __file__, 1, "a %s", ("cat",), None)

    assert JournalFormatter("%(message)s").format(record) == line


def test_every_line_of_a_long_message_does() -> None:
    record = logging.LogRecord("aed", logging.ERROR, __file__, 1, "one\ntwo", None, None)

    assert JournalFormatter("%(message)s").format(record) == "<3>one\n<3>two"
