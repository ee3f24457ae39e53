"""What is remembered of what Home Assistant was told, and on which disk."""

import logging
from pathlib import Path

import pytest

from daemon.discovery.memory import FILE_NAME, MAX_GONE, DiscoveryMemory


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b'{"topic":7,"told":[],"gone":"x"}',
        b'{"topic":"t","told":{"a":"lock","b c":"sensor","d":1},"gone":null}',
    ],
)
def test_a_memory_that_is_nonsense_is_forgotten(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE_NAME).write_bytes(content)

    assert DiscoveryMemory(tmp_path).platforms_at("t") == {}


def test_a_disk_that_takes_nothing_costs_only_the_memory(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    memory = DiscoveryMemory(tmp_path / "nowhere")
    with caplog.at_level(logging.WARNING):
        memory.note_told("t", {"a": "sensor"})

    assert "cannot be written: No such file or directory" in caplog.text
    assert memory.platforms_at("t") == {"a": "sensor"}


def test_only_so_much_of_what_is_gone_is_remembered_the_newest(tmp_path: Path) -> None:
    memory = DiscoveryMemory(tmp_path)
    for number in range(MAX_GONE + 50):
        memory.note_told("t", {f"k{number}": "sensor"})

    found = DiscoveryMemory(tmp_path).platforms_at("t")
    assert len(found) == MAX_GONE + 1
    assert {f"k{MAX_GONE + 49}", "k49"} <= found.keys()
    assert "k48" not in found
