"""Settings of Home Assistant's discovery: on without a word, and checked."""

from pathlib import Path

import pytest

from daemon.errors import SettingsError
from daemon.settings.file import parse_settings

WHERE = Path("/etc/aed/settings.yaml")
GOOD = "node: kitchen\nmqtt: {host: broker}\nsources: [{name: mic, kind: microphone}]\n"


def test_discovery_is_on_where_home_assistant_looks_by_default() -> None:
    found = parse_settings(GOOD, where=WHERE).home_assistant

    assert found.enabled
    assert found.prefix == "homeassistant"
    assert found.birth_topic == "homeassistant/status"
    assert found.language == "en"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("null", "home_assistant: wanted a mapping with enabled, prefix, birth_topic, language"),
        ("{enabled: perhaps}", "home_assistant.enabled: wanted true, or false"),
        ("{prefix: 'a/#'}", "home_assistant.prefix: wanted a topic without #, +"),
        ("{prefix: 'a+b'}", "home_assistant.prefix: wanted a topic without #, +"),
        ('{prefix: "a\\0"}', "home_assistant.prefix: wanted a topic without #, +"),
        ("{prefix: /a}", "home_assistant.prefix: wanted a topic that begins with neither / nor $"),
        ("{prefix: a/}", "home_assistant.prefix: wanted a topic that begins with neither / nor $"),
        ("{prefix: ''}", "home_assistant.prefix: wanted Home Assistant's discovery prefix"),
        ("{birth_topic: $SYS/x}", "home_assistant.birth_topic: wanted a topic that begins with"),
        ("{birth_topic: 7}", "home_assistant.birth_topic: wanted Home Assistant's birth topic"),
        ("{language: German}", "home_assistant.language: wanted a language tag such as en or de"),
        ("{languge: de}", "home_assistant.languge: unknown key; did you mean 'language'?"),
    ],
)
def test_what_home_assistant_could_not_use_is_refused(text: str, fault: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse_settings(f"{GOOD}home_assistant: {text}\n", where=WHERE)

    assert len(caught.value.faults) == 1
    assert fault in str(caught.value)
