"""Settings: what is accepted, and what is said about what is not."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.errors import SettingsError
from daemon.settings.credentials import read_password
from daemon.settings.file import load_settings, parse_settings, state_directory
from daemon.settings.models import CommandSettings, FileSettings, MicrophoneSettings, Settings

WHERE = Path("/etc/aed/settings.yaml")
EXAMPLE = Path(__file__).parents[3] / "systemd" / "settings.example.yaml"

GOOD = """
node: kitchen
mqtt:
  host: 192.168.1.2
sources:
  - name: mic
    kind: microphone
"""


def faults(text: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        parse_settings(text, where=WHERE)
    return [str(fault) for fault in caught.value.faults]


def test_the_shortest_settings_get_defaults() -> None:
    parsed = parse_settings(GOOD, where=WHERE)

    assert parsed.mqtt.port == 1883
    assert parsed.mqtt.keepalive_s == 30
    assert parsed.sources == (MicrophoneSettings(name="mic", kind="microphone"),)
    assert parsed.classes is None
    assert parsed.threshold_layer() == {}


def test_all_faults_are_named_at_once_with_line_and_key_and_what_was_wanted_and_found() -> None:
    text = """node: my/kitchen
mqtt: {host: broker, prt: 1883, port: "1883"}
sources:
  - {name: mic, kind: microphone, devic: pulse}
  - {name: cam, kind: radio}
  - {name: pipe, kind: command, command: [arecord, 3], sample_rate_hz: 44.1k}
thresholds:
  smoke_alarm: {on: 3}
tresholds: {}
"""
    found = faults(text)

    assert [fault.removeprefix(f"{WHERE}:") for fault in found] == [
        (
            "1: node: wanted a name of letters, digits, - and _ (topics begin with aed/<node>), "
            "found 'my/kitchen'"
        ),
        "2: mqtt.port: wanted a whole number from 1 to 65535, found '1883'",
        "2: mqtt.prt: unknown key; did you mean 'port'?",
        "4: sources[0].devic: unknown key; did you mean 'device'?",
        "5: sources[1]: wanted kind to be one of command, file, microphone, rtsp, found 'radio'",
        "6: sources[2].command[1]: wanted a command line, or a list of its words, found 3",
        (
            "6: sources[2].sample_rate_hz: wanted the rate at which the command writes, from 8000 "
            "to 192000 Hz, found '44.1k'"
        ),
        "8: thresholds.smoke_alarm.on: wanted a number between 0 and 1, found 3",
        "9: tresholds: unknown key; did you mean 'thresholds'?",
    ]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", f"{WHERE}: wanted a mapping of settings (node: …, mqtt: …), found none"),
        ("- 1", f"{WHERE}: wanted a mapping of settings (node: …, mqtt: …), found none"),
        (f"{GOOD}\nnode: hall", f"{WHERE}:9: key 'node' stands here a second time; keep one of"),
        (f"{GOOD}\nbundle: [", f"{WHERE}:9: this is not YAML: "),
        (f"{GOOD}\nbundle: !!int x", f"{WHERE}: a value cannot be read: "),
        (GOOD.replace("kitchen", "a\tb"), f"{WHERE}:2: this is not YAML"),
        (GOOD.replace("kitchen", "'küche'"), f"{WHERE}:2: node: wanted a name of letters"),
        (GOOD.replace("kitchen", "'kitchen/#'"), f"{WHERE}:2: node: wanted a name of letters"),
        (GOOD.replace("192.168.1.2", "mqtt://broker"), f"{WHERE}:4: mqtt.host: wanted the broker"),
        (GOOD.replace("192.168.1.2", "a..b"), f"{WHERE}:4: mqtt.host: wanted the broker's host"),
        (
            GOOD.replace("  - name: mic\n    kind: microphone", "  []"),
            "sources: wanted a list of 1",
        ),
        (f"{GOOD}  - {{name: mic, kind: microphone}}", "sources: each source needs its own name"),
        (f"{GOOD}    channel: 1", "sources[0]: channel counts from 0, so with channels: 1"),
        (f"{GOOD}thresholds: {{dog: {{on: 0.2, off: 0.5}}}}", "off must not be above on"),
        (
            GOOD.replace("sources:", "  password_file: x\nsources:"),
            "password_file needs a username",
        ),
        (GOOD.replace("sources:", "  tls: {key_file: x}\nsources:"), "key_file needs its certifi"),
        (f"{GOOD}  - {{kind: file, name: f, path: /nowhere.wav}}", "found none at '/nowhere.wav'"),
        (GOOD.replace("node: kitchen\n", ""), f"{WHERE}: node: missing; wanted a name of letters"),
        (
            f'{GOOD}state_directory: "/var/\\0"',
            "state_directory: wanted a path, found one with a NUL",
        ),
        (f'{GOOD}bundle: "\\0"', "bundle: wanted a path, found one with a NUL"),
        (f'{GOOD}    device: "a\\0"', "sources[0].device: wanted a stable name"),
        (f"{GOOD}thresholds: {{dog: {{hold_s: 601}}}}", "a number of seconds from 0 to 600, found"),
        (f"{GOOD}heartbeat: {{}}", "heartbeat.url: missing; wanted an address that begins with"),
        (f"{GOOD}heartbeat: {{url: 'ftp://hunter2'}}", "heartbeat.url: wanted an address that"),
        (f"{GOOD}heartbeat: {{url: 'http://'}}", "heartbeat.url: wanted an address that begins"),
        (f"{GOOD}heartbeat: {{url: 'http://a:b@c/'}}", "without user and password in it"),
        (f"{GOOD}heartbeat: {{url: 'http://c:0x/'}}", "heartbeat.url: wanted an address that"),
        (f"{GOOD}heartbeat: {{url: 7}}", "heartbeat.url: wanted an address that begins with"),
        (
            f"{GOOD}heartbeat: {{url: 'http://a', every_s: 1}}",
            "heartbeat.every_s: wanted a whole number of seconds from 10 to 86400, found 1",
        ),
        (f"{GOOD}7: 3", f"{WHERE}:8: 7: wanted a word as key, found 7"),
    ],
)
def test_a_fault_says_where_it_is_and_what_to_do(text: str, fault: str) -> None:
    assert len(faults(text)) == 1
    assert fault in faults(text)[0]


def test_a_secret_in_the_wrong_place_is_refused_and_never_repeated() -> None:
    text = GOOD.replace("sources:", "  password: hunter2\n  api_key: hunter2\nsources:")
    text += "thresholds: {password_pin: hunter2}\n"
    text += "heartbeat: {url: 'https://u:hunter2@h/hunter2'}\n"

    found = "\n".join(faults(text))

    assert "use password_file" in found
    assert "hunter2" not in found


def test_the_address_of_a_heartbeat_is_kept_as_a_secret() -> None:
    text = f"{GOOD}heartbeat: {{url: 'https://h.example/hunter2?x=1'}}\n"

    parsed = parse_settings(text, where=WHERE)

    assert parsed.heartbeat is not None
    assert parsed.heartbeat.url.get_secret_value() == "https://h.example/hunter2?x=1"
    assert parsed.heartbeat.every_s == 60
    assert "hunter2" not in f"{parsed!r} {parsed} {parsed.model_dump()} {parsed.model_dump_json()}"


def test_on_and_off_are_the_words_they_look_like() -> None:
    text = f"{GOOD}thresholds:\n  smoke_alarm:\n    on: 0.7\n    off: 0.4\n"

    layer = parse_settings(text, where=WHERE).threshold_layer()

    assert layer == {"smoke_alarm": {"on": 0.7, "off": 0.4}}


def test_on_and_off_may_be_the_same() -> None:
    parsed = parse_settings(f"{GOOD}thresholds: {{dog: {{on: 0.5, off: 0.5}}}}", where=WHERE)

    assert parsed.threshold_layer() == {"dog": {"on": 0.5, "off": 0.5}}


def test_a_command_may_be_a_line_or_a_list_of_words() -> None:
    text = f"""{GOOD}
  - {{kind: command, name: a, command: "arecord -D 'hw:1,0' -", sample_rate_hz: 16000}}
  - {{kind: command, name: b, command: [arecord, -D, "hw:1,0", "-"], sample_rate_hz: 16000}}
"""
    commands = [
        source.command
        for source in parse_settings(text, where=WHERE).sources
        if isinstance(source, CommandSettings)
    ]

    assert commands == [("arecord", "-D", "hw:1,0", "-")] * 2


def test_relative_paths_begin_at_the_settings_file(tmp_path: Path) -> None:
    (tmp_path / "scene.wav").touch()
    (tmp_path / "password").write_text("secret\n")
    file = tmp_path / "settings.yaml"
    file.write_text(
        "node: n\nbundle: home\nstate_directory: state\n"
        "mqtt: {host: b, username: u, password_file: password}\n"
        "sources: [{kind: file, name: f, path: scene.wav}]\n"
    )

    loaded = load_settings(file)

    assert loaded.bundle == tmp_path / "home"
    assert state_directory(loaded) == tmp_path / "state"
    assert loaded.mqtt.password_file == str(tmp_path / "password")
    assert isinstance(loaded.sources[0], FileSettings)
    assert loaded.sources[0].path == tmp_path / "scene.wav"
    assert "secret" not in repr(loaded)


def test_a_credential_of_systemd_comes_before_a_file_of_that_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mqtt-password").write_text("from systemd")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    text = GOOD.replace("sources:", "  username: aed\n  password_file: mqtt-password\nsources:")

    found = parse_settings(text, where=WHERE).mqtt.password_file

    assert found == str(tmp_path / "mqtt-password")
    assert read_password(Path(found)) == "from systemd"


def test_an_empty_credential_means_no_password(tmp_path: Path) -> None:
    (tmp_path / "mqtt-password").write_text("\n")

    assert read_password(tmp_path / "mqtt-password") is None


@pytest.mark.parametrize("content", [b"\xff\xfe", b"a" * 300_000])
def test_a_file_that_cannot_be_settings_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "settings.yaml").write_bytes(content)

    with pytest.raises(SettingsError):
        load_settings(tmp_path / "settings.yaml")
    with pytest.raises(SettingsError, match="cannot be read"):
        load_settings(tmp_path)


def test_the_state_directory_is_systemds_unless_settings_name_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    parsed = parse_settings(GOOD, where=WHERE)

    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    assert state_directory(parsed) == Path("/var/lib/aed")
    monkeypatch.setenv("STATE_DIRECTORY", "/var/lib/private/aed")
    assert state_directory(parsed) == Path("/var/lib/private/aed")


def test_the_example_settings_are_valid_and_show_every_key(tmp_path: Path) -> None:
    text = EXAMPLE.read_text()
    parse_settings(text, where=tmp_path / "settings.yaml")
    schema = Settings.model_json_schema()

    keys = {key for part in [schema, *schema["$defs"].values()] for key in part["properties"]}

    assert [key for key in sorted(keys) if f"{key}:" not in text] == []


WORDS = st.sampled_from(
    ["node", "mqtt", "host", "sources", "kind", "microphone", "file", "on", "thresholds", "path"]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | WORDS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(WORDS | st.text(max_size=5) | st.integers(), inner, max_size=5)
    ),
    max_leaves=12,
)


def is_accepted_or_refused_with_faults(text: str) -> bool:
    try:
        parse_settings(text, where=WHERE)
    except SettingsError as error:
        return len(error.faults) > 0 and "\n" not in error.faults[0].key
    return True


@settings(max_examples=200, deadline=None)
@given(VALUES | st.fixed_dictionaries({"node": VALUES, "mqtt": VALUES, "sources": VALUES}))
def test_any_yaml_value_is_accepted_or_refused_with_faults(value: object) -> None:
    assert is_accepted_or_refused_with_faults(yaml.safe_dump(value))


@settings(max_examples=200, deadline=None)
@given(st.text() | st.text(alphabet="{}[]&*a!:- \n\"'<?|>0.1eon", max_size=60))
def test_any_text_is_accepted_or_refused_with_faults(text: str) -> None:
    assert is_accepted_or_refused_with_faults(text)
