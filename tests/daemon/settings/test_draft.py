"""The example, filled in: what was answered is what `aed run` would read, and comments stay."""

from pathlib import Path

import yaml
from hypothesis import given
from hypothesis import strategies as st

from daemon.settings.draft import Answers, draft, example
from daemon.settings.models import (
    CommandSettings,
    FileSettings,
    MicrophoneSettings,
    MqttSettings,
    RtspSettings,
    Settings,
    SourceSettings,
    TlsSettings,
)

TEXT = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=40
)
NODES = st.sampled_from(["kitchen", "no", "1e3", "0x1", "Hall_2-a"])

SOURCES: st.SearchStrategy[SourceSettings] = st.one_of(
    st.builds(MicrophoneSettings, kind=st.just("microphone"), name=st.just("mic"), device=TEXT),
    st.builds(
        CommandSettings,
        kind=st.just("command"),
        name=st.just("hall"),
        command=st.lists(TEXT, min_size=1, max_size=4).map(tuple),
        sample_rate_hz=st.integers(8_000, 192_000),
    ),
    st.builds(
        RtspSettings,
        kind=st.just("rtsp"),
        name=st.just("porch"),
        url=st.sampled_from(["rtsp://camera", "rtsps://u:p@[::1]:322/a?b=c#: d".replace(" ", "")]),
    ),
    st.builds(FileSettings, kind=st.just("file"), name=st.just("recording"), path=TEXT.map(Path)),
)
BROKERS = st.builds(
    MqttSettings,
    host=st.sampled_from(["127.0.0.1", "homeassistant.local", "::1", "0"]),
    port=st.integers(1, 65_535),
    username=TEXT,
    password_file=st.one_of(st.none(), TEXT),
    tls=st.one_of(st.none(), st.builds(TlsSettings, ca_file=st.one_of(st.none(), TEXT.map(Path)))),
)


@given(
    answers=st.builds(
        Answers,
        node=NODES,
        mqtt=BROKERS,
        source=SOURCES,
        classes=st.one_of(st.none(), st.just(("smoke_alarm", "no", "yes"))),
    )
)
def test_what_was_answered_is_what_is_read(answers: Answers) -> None:
    text = draft(answers)

    read = Settings.model_validate(yaml.safe_load(text))
    assert read == Settings(
        node=answers.node, mqtt=answers.mqtt, sources=(answers.source,), classes=answers.classes
    )
    explanations = [line for line in example().splitlines() if line.startswith("# ")]
    assert [line for line in explanations if line not in text.splitlines()] == []


def test_without_answers_of_its_own_it_is_the_example() -> None:
    answers = Answers(
        node="kitchen",
        mqtt=MqttSettings(host="127.0.0.1"),
        source=MicrophoneSettings(kind="microphone", name="mic"),
    )

    assert draft(answers) == example()
