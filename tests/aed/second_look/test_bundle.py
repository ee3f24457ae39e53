"""A bundle with a verifier: loads it or says why not, and hears with it from sound to events."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from aed.audio import AudioChunk
from aed.bundle import Bundle, load_bundle
from aed.hearing import Hearing
from aed.verifier import VERIFIER_FILE
from daemon.ears.making import load_fitting_bundle
from daemon.settings.file import parse_settings
from tests.aed.cutting import chunk_lengths, cut
from tests.aed.second_look.verifiers import verifier_file
from tests.aed.spoiling import describe, refused, replace_file
from training.synthesis.scene import home_scene

pytestmark = pytest.mark.torch

ENTRIES = [
    {"node": "life_safety", "threshold": 0.5},
    {"node": "window_glass", "threshold": 0.25},
]
WithVerifier = Callable[[bytes, Any], Path]


@pytest.fixture
def with_verifier(bundle: Bundle, tmp_path: Path) -> WithVerifier:
    """Makes a copy of the shipped bundle with this verifier and these entries."""

    def make(content: bytes, entries: Any = ENTRIES) -> Path:  # noqa: ANN401 - also wrong ones
        folder = tmp_path / f"with_{len(list(tmp_path.iterdir()))}"
        shutil.copytree(bundle.path, folder)
        describe(folder, lambda info: info.update(second_look=entries))
        replace_file(folder, VERIFIER_FILE, content)
        return folder

    return make


def test_a_bundle_without_a_verifier_keeps_no_embeddings(bundle: Bundle) -> None:
    plain = bundle.without_second_look()

    heard = Hearing(plain).feed(
        AudioChunk(samples=np.zeros(3_200, np.float32), sample_rate_hz=16_000)
    )

    assert plain.verifier is None
    assert heard.posteriors.embedding is None


def test_a_bundle_with_a_verifier_keeps_them(with_verifier: WithVerifier) -> None:
    loaded = load_bundle(with_verifier(verifier_file(bias=0.0), ENTRIES))

    heard = Hearing(loaded).feed(
        AudioChunk(samples=np.zeros(48_000, np.float32), sample_rate_hz=16_000)
    )

    assert loaded.verifier is not None
    assert [(each.node, each.threshold) for each in loaded.verifier.guards] == [
        ("life_safety", 0.5),
        ("window_glass", 0.25),
    ]
    assert heard.posteriors.embedding is not None
    assert heard.posteriors.embedding.shape == (len(heard.posteriors.values), 176)


def test_a_verifier_that_was_changed_is_refused(with_verifier: WithVerifier) -> None:
    folder = with_verifier(verifier_file(bias=0.0), ENTRIES)
    (folder / VERIFIER_FILE).write_bytes(verifier_file(bias=1.0))

    assert "verifier.onnx is not the file its maker described" in refused(folder)


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        (None, "second_look: wanted a list of guarded nodes, got None"),
        ([], "second_look: wanted a list of guarded nodes"),
        (["life_safety"], "second_look: wanted a `node` and a `threshold`"),
        ([{"node": "life_safety"}], "second_look: wanted a `node` and a `threshold`"),
        ([{"node": "life_safety", "threshold": 1.5}], "a `threshold` from 0.0 to 1.0"),
        ([{"node": "life_saftey", "threshold": 0.5}], "the ontology has no node 'life_saftey'"),
        ([{"node": "life_safety", "threshold": 0.5}], "wanted 1 probabilities, one for each entry"),
    ],
)
def test_a_wrong_description_of_it_is_named(
    with_verifier: WithVerifier, entries: object, message: str
) -> None:
    assert message in refused(with_verifier(verifier_file(bias=0.0), entries))


def test_a_verifier_that_cannot_be_run_is_refused(with_verifier: WithVerifier) -> None:
    assert "the second look cannot be run" in refused(with_verifier(b"not a graph", ENTRIES))


def test_a_verifier_that_gives_no_probability_is_refused(with_verifier: WithVerifier) -> None:
    content = verifier_file(bias=float("nan"))

    assert "wanted 2 probabilities" in refused(with_verifier(content, ENTRIES))


@pytest.mark.parametrize(
    ("line", "is_used"),
    [("", True), ("second_look: true\n", True), ("second_look: false\n", False)],
)
def test_settings_can_do_without_it(
    with_verifier: WithVerifier, tmp_path: Path, line: str, is_used: bool
) -> None:
    folder = with_verifier(verifier_file(bias=0.0), ENTRIES)
    where = tmp_path / "settings.yaml"
    text = (
        f"node: kitchen\nbundle: {folder}\nmqtt: {{host: broker}}\n"
        f"sources: [{{name: mic, kind: microphone}}]\n{line}"
    )

    loaded = load_fitting_bundle(parse_settings(text, where=where), where=where)

    assert (loaded.verifier is not None) is is_used


def heard_events(hearing: Hearing, chunks: list[AudioChunk]) -> list[object]:
    hearing.reset()
    events = [event for chunk in chunks for event in hearing.feed(chunk).events]
    return [*events, *hearing.flush().events]


def test_with_one_that_always_agrees_a_home_sounds_as_without(with_verifier: WithVerifier) -> None:
    loaded = load_bundle(with_verifier(verifier_file(bias=20.0), ENTRIES))
    scene = [AudioChunk(samples=home_scene(seed=1).samples, sample_rate_hz=16_000)]

    plain = heard_events(Hearing(loaded.without_second_look()), scene)

    assert len(plain) > 2
    assert heard_events(Hearing(loaded), scene) == plain


def test_however_the_sound_is_cut_the_second_look_decides_the_same(
    with_verifier: WithVerifier,
) -> None:
    hearing = Hearing(load_bundle(with_verifier(verifier_file(bias=0.1, embedding=1.0), ENTRIES)))
    samples = home_scene(seed=2).samples[14 * 16_000 : 24 * 16_000]
    whole = heard_events(hearing, [AudioChunk(samples=samples, sample_rate_hz=16_000)])

    @given(lengths=chunk_lengths(20_000))
    @settings(max_examples=10, deadline=None)
    def same(lengths: list[int]) -> None:
        found = heard_events(hearing, list(cut(samples, 16_000, lengths)))
        assert [_what(event) for event in found] == [_what(event) for event in whole]

    same()


def _what(event: Any) -> tuple[object, ...]:  # noqa: ANN401 - an Event
    return event.phase, event.path, event.onset_s, event.detected_s, event.critical, event.pattern
