"""What somebody writes into settings in the wrong place is shown without its secrets."""

import json

import pytest

from tests.daemon.settings.test_models import faults


@pytest.mark.parametrize(
    "address",
    [
        "rtsp://user:hunter2@camera/stream",
        "rtsp://user:pass word hunter2@camera/stream",
        "https://hc-ping.example/hunter2",
        "mqtt://user:hunter2@broker",
        "user:hunter2@broker",
    ],
)
@pytest.mark.parametrize(
    "text",
    [
        "heartbeat: {}",
        "mqtt: {}",
        "mqtt: {{host: {}}}",
        "sources: {}",
        "sources: [{}]",
        "sources: [{{kind: {}, name: a}}]",
        "sources: [{{kind: rtsp, name: {}, url: 'rtsp://camera/x'}}]",
        "{}: x",
        "mqtt: {{{}: x}}",
        "{0}: x\n{0}: y",
    ],
)
def test_an_address_in_the_wrong_place_is_shown_without_its_secret(text: str, address: str) -> None:
    found = "\n".join(faults(text.format(json.dumps(address)) + "\n"))

    assert "hunter2" not in found
    assert found
