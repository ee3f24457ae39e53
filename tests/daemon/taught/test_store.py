"""What is taught outlasts restarts and other models; a damaged file says so and stops nothing."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from aed.bundle import Bundle
from aed.errors import TeachingError
from aed.taught.background import BACKGROUND_FILE
from daemon.taught.store import FILE_NAME, TaughtStore, Wish
from tests.aed.taught.chimes import GARDEN_HZ, UPSTAIRS_HZ, chime

UPSTAIRS = Wish(id="upstairs", name="Doorbell upstairs", under="doorbell", is_alert=True)
GARDEN = Wish(id="garden", name="Garden", under="phone", is_alert=False, raised_by=0.01)


@pytest.fixture
def store(tmp_path: Path) -> TaughtStore:
    return TaughtStore(tmp_path)


def teach(store: TaughtStore, wish: Wish, bundle: Bundle, pitches_hz: tuple[float, ...]) -> None:
    store.folder.prepare(wish.id, [chime(pitches_hz, seed=seed) for seed in range(3)])
    store.teach(wish, bundle)


def ids(bundle: Bundle) -> list[str]:
    return [] if bundle.taught is None else [sound.id for sound in bundle.taught.sounds]


def test_what_is_taught_is_there_after_a_restart_and_gone_once_forgotten(
    store: TaughtStore, bundle: Bundle, tmp_path: Path
) -> None:
    assert ids(store.load(bundle)) == []
    teach(store, UPSTAIRS, bundle, UPSTAIRS_HZ)
    assert store.take_change()
    assert not store.take_change()
    teach(store, GARDEN, bundle, GARDEN_HZ)

    restarted = TaughtStore(tmp_path)
    loaded = restarted.load(bundle)
    assert ids(loaded) == ["upstairs", "garden"]
    assert loaded.heard_ontology.path("upstairs") == "alarm/doorbell/upstairs"
    assert loaded.heard_ontology.node("upstairs").alert is not None
    assert loaded.heard_ontology.node("garden").alert is None

    restarted.forget("upstairs")

    assert ids(TaughtStore(tmp_path).load(bundle)) == ["garden"]
    assert [each.name for each in (tmp_path / "taught").iterdir()] == ["garden"]


def test_recordings_are_for_the_owner_s_eyes_only(
    store: TaughtStore, bundle: Bundle, tmp_path: Path
) -> None:
    teach(store, UPSTAIRS, bundle, UPSTAIRS_HZ)

    kept = sorted((tmp_path / "taught" / "upstairs").iterdir())

    assert [each.name for each in kept] == ["01.flac", "02.flac", "03.flac"]
    assert {each.stat().st_mode & 0o777 for each in kept} == {0o600}


def test_another_model_learns_the_sounds_anew_from_their_recordings(
    store: TaughtStore, bundle: Bundle, tmp_path: Path
) -> None:
    teach(store, UPSTAIRS, bundle, UPSTAIRS_HZ)
    other = replace(bundle, digest="another")
    before = (tmp_path / FILE_NAME).read_text()

    assert ids(TaughtStore(tmp_path).load(other, is_kept=False)) == ["upstairs"]
    assert (tmp_path / FILE_NAME).read_text() == before
    anew = TaughtStore(tmp_path)
    assert ids(anew.load(other)) == ["upstairs"]

    assert json.loads((tmp_path / FILE_NAME).read_text())["bundle"] == "another"
    assert anew.problem is None
    assert not anew.take_change()


def test_a_sound_whose_recordings_are_gone_is_told_and_the_others_are_heard(
    store: TaughtStore, bundle: Bundle, tmp_path: Path
) -> None:
    teach(store, UPSTAIRS, bundle, UPSTAIRS_HZ)
    teach(store, GARDEN, bundle, GARDEN_HZ)
    shutil.rmtree(tmp_path / "taught" / "upstairs")

    anew = TaughtStore(tmp_path)

    assert ids(anew.load(replace(bundle, digest="another"))) == ["garden"]
    assert anew.problem is not None
    assert "not heard: upstairs" in anew.problem
    anew.forget("upstairs")
    assert ids(anew.load(replace(bundle, digest="another"))) == ["garden"]
    assert anew.problem is None


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "[]",
        '{"version": 2, "bundle": "", "sounds": []}',
        '{"version": 1, "bundle": "x", "sounds": [{"id": 3}]}',
    ],
)
def test_a_damaged_file_teaches_nothing_says_so_and_is_not_written_over(
    store: TaughtStore, bundle: Bundle, tmp_path: Path, content: str
) -> None:
    (tmp_path / FILE_NAME).write_text(content)

    assert ids(store.load(bundle)) == []

    assert store.problem is not None
    assert FILE_NAME in store.problem
    with pytest.raises(TeachingError, match="remove it, and teach everything anew"):
        teach(store, UPSTAIRS, bundle, UPSTAIRS_HZ)
    assert (tmp_path / FILE_NAME).read_text() == content


def test_a_prototype_of_another_width_or_place_is_not_heard_and_ends_nothing(
    store: TaughtStore, bundle: Bundle, tmp_path: Path
) -> None:
    teach(store, UPSTAIRS, bundle, UPSTAIRS_HZ)
    content = json.loads((tmp_path / FILE_NAME).read_text())
    for change in ({"prototype": [1.0, 0.0]}, {"under": "no_such_node"}, {"under": "smoke_alarm"}):
        content["sounds"][0] |= change
        (tmp_path / FILE_NAME).write_text(json.dumps(content))

        assert ids(TaughtStore(tmp_path).load(bundle)) == []


def test_a_model_without_a_background_hears_no_taught_sound_and_says_so(
    store: TaughtStore, bundle: Bundle
) -> None:
    teach(store, UPSTAIRS, bundle, UPSTAIRS_HZ)
    files = {name: sha for name, sha in bundle.info["files"].items() if name != BACKGROUND_FILE}

    assert ids(store.load(replace(bundle, info={**bundle.info, "files": files}))) == []

    assert store.problem is not None
    assert BACKGROUND_FILE in store.problem


def test_what_is_refused_changes_nothing(
    store: TaughtStore, bundle: Bundle, tmp_path: Path
) -> None:
    teach(store, UPSTAIRS, bundle, UPSTAIRS_HZ)
    before = (tmp_path / FILE_NAME).read_text()

    with pytest.raises(TeachingError, match="upstairs is taught already"):
        teach(store, UPSTAIRS, bundle, UPSTAIRS_HZ)
    with pytest.raises(TeachingError, match="is critical"):
        teach(store, replace(GARDEN, under="life_safety"), bundle, GARDEN_HZ)
    with pytest.raises(TeachingError, match="it holds no recordings"):
        store.teach(replace(GARDEN, id="never_prepared"), bundle)
    with pytest.raises(TeachingError, match="'garden' is not taught; there are: upstairs"):
        store.forget("garden")

    assert (tmp_path / FILE_NAME).read_text() == before
    assert ids(store.load(bundle)) == ["upstairs"]


def test_a_sound_is_forgotten_under_a_model_that_can_learn_none(
    store: TaughtStore, bundle: Bundle, tmp_path: Path
) -> None:
    teach(store, UPSTAIRS, bundle, UPSTAIRS_HZ)
    unable = replace(bundle, digest="another", path=tmp_path / "without-background")
    anew = TaughtStore(tmp_path)
    anew.load(unable)
    assert "no taught sound is heard" in str(anew.problem)

    anew.forget("upstairs")

    assert not (tmp_path / "taught" / "upstairs").exists()
    assert anew.load(unable).taught is None
    assert anew.problem is None
