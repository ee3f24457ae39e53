import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import ontology
from ontology import LabelSet
from tests.training.tiny_data import COLUMNS
from training.clips.bank import active_frames
from training.errors import TrainingDataError
from training.labels import LabelMap, node_target, read_label_map
from training.loop.config import RunConfig
from training.scenes.mixtures import MixtureConfig, SceneDataset
from training.scenes.sounds import at_level, blur, place_at_random, synthesise
from training.session import TrainingData, open_data

pytestmark = pytest.mark.torch

FRAME = 1_600


def _variant(
    tiny_data: TrainingData, tiny_run: RunConfig, config: MixtureConfig, *, seed: int = 1
) -> SceneDataset:
    """Scenes of the tiny data drawn in another way."""
    return tiny_data.scenes(replace(tiny_run, seed=seed, mixture=config), ontology.home())


# scenes


def test_a_scene_has_the_shapes_and_types_that_are_announced(scenes: SceneDataset) -> None:
    audio, true, unknown = scenes[0]

    assert (audio.shape, audio.dtype) == ((32_000,), torch.float32)
    assert (true.shape, true.dtype) == ((20, len(scenes.labels)), torch.bool)
    assert (unknown.shape, unknown.dtype) == ((20, len(scenes.labels)), torch.bool)
    assert len(scenes) == 12


def test_a_scene_is_the_same_in_any_order_and_another_one_with_another_seed(
    scenes: SceneDataset, tiny_data: TrainingData, tiny_run: RunConfig
) -> None:
    forwards = [scenes[index] for index in range(6)]
    again = _variant(tiny_data, tiny_run, scenes.config)
    backwards = [again[index] for index in reversed(range(6))][::-1]
    other = _variant(tiny_data, tiny_run, scenes.config, seed=2)

    for one, two in zip(forwards, backwards, strict=True):
        assert all(torch.equal(a, b) for a, b in zip(one, two, strict=True))
    assert not torch.equal(forwards[0][0], other[0][0])
    assert not torch.equal(forwards[0][0], forwards[1][0])


def test_scenes_are_finite_within_full_scale_and_consistently_labelled(
    scenes: SceneDataset,
) -> None:
    ancestors = torch.from_numpy(scenes.labels.ancestors.copy()).float()
    heard = torch.zeros(len(scenes.labels), dtype=torch.bool)
    for index in range(40):
        audio, true, unknown = scenes[index]
        assert audio.isfinite().all()
        assert audio.abs().max() <= 1.0
        assert audio.abs().max() > 0
        above = true.float() @ ancestors > 0  # (T, N), every node above a true one
        assert torch.equal(above, true)
        assert not (true & unknown).any()
        heard |= true.any(0)
    assert {"alarm", "breakage", "person"} <= {scenes.labels.nodes[i] for i in heard.nonzero()}


def test_alarms_are_true_where_they_sound_and_false_where_they_cannot(
    tiny_data: TrainingData, tiny_run: RunConfig
) -> None:
    """Nothing but an alarm over a quiet bed: the energy tells where it sounds."""
    config = MixtureConfig(
        scene_s=6.0,
        alarm_share=1.0,
        tone_share=0.0,
        break_share=0.0,
        household_share=0.0,
        counts=(0.0, 1.0),
        bed_share=0.0,
        room_share=0.0,
        colour_share=0.0,
        overload_share=0.0,
        codec_share=0.0,
    )
    scenes = _variant(tiny_data, tiny_run, config)
    column = scenes.labels.index["alarm"]
    judged = 0
    for index in range(30):
        audio, true, unknown = scenes[index]
        level = audio.unflatten(0, (-1, FRAME)).square().mean(1)
        if level.max() < 100 * level.median():
            continue  # buried, or sounding all the time
        judged += 1
        loud = level > 0.25 * level.max()
        assert (true | unknown)[loud, column].all()
        assert true[loud, column].float().mean() > 0.5
    assert judged > 3


def test_frames_beside_a_sound_are_unknown_not_false(
    tiny_data: TrainingData, tiny_run: RunConfig
) -> None:
    config = MixtureConfig(scene_s=6.0, counts=(0.0, 1.0), bed_share=0.0)
    scenes = _variant(tiny_data, tiny_run, config)
    judged = 0
    for index in range(10):
        _, true, unknown = scenes[index]
        for before, after in ((true[:-1], slice(1, None)), (true[1:], slice(None, -1))):
            beside = before & ~true[after]  # last frame before, or first after, a sound
            assert unknown[after][beside].all()
            judged += int(beside.sum())
    assert judged > 10


def test_scenes_without_sounds_are_labelled_with_nothing(
    tiny_data: TrainingData, tiny_run: RunConfig
) -> None:
    config = MixtureConfig(scene_s=1.0, counts=(1.0,), bed_share=0.0)
    scenes = _variant(tiny_data, tiny_run, config)

    for index in range(5):
        audio, true, unknown = scenes[index]
        assert audio.abs().max() > 0  # a room is never silent
        assert not true.any()
        assert not unknown.any()


# refused data


def _with_label(tiny_folder: Path, folder: Path, label: str) -> Path:
    """The tiny data with one clip's label replaced."""
    shutil.copytree(tiny_folder, folder)
    manifest = folder / "manifest.tsv"
    text = manifest.read_text(encoding="utf-8")
    changed = text.replace("dishes-0.wav\tdishes", f"dishes-0.wav\t{label}")
    manifest.write_text(changed, encoding="utf-8")
    return folder


def test_a_label_that_the_map_lacks_is_named(
    tiny_folder: Path, tmp_path: Path, tiny_run: RunConfig
) -> None:
    folder = _with_label(tiny_folder, tmp_path / "data", "banana")
    data = open_data(folder, tmp_path / "cache", held_out_share=0.0)
    with pytest.raises(TrainingDataError, match="knows nothing of: banana"):
        data.scenes(tiny_run, ontology.home())


def test_a_label_marked_skip_is_left_out(
    tiny_data: TrainingData, labels: LabelSet, tiny_run: RunConfig
) -> None:
    full = read_label_map(labels)
    kept = {label: target for label, target in full.targets.items() if label != "dishes"}
    label_map = LabelMap(targets=kept, skipped=full.skipped | {"dishes"})
    bank = tiny_data.bank(tiny_data.training_rows(tiny_run))

    scenes = SceneDataset(bank, label_map, labels, tiny_run.mixture, seed=1, length=10)

    assert "dishes" not in scenes.recorded.sounds
    assert "doorbell" in scenes.recorded.sounds


def test_data_without_any_sound_of_the_ontology_is_refused(
    tmp_path: Path, tiny_run: RunConfig
) -> None:
    (tmp_path / "manifest.tsv").write_text("\t".join(COLUMNS) + "\n", encoding="utf-8")
    data = open_data(tmp_path, tmp_path / "cache", held_out_share=0.0)

    with pytest.raises(TrainingDataError, match="no recording with a sound"):
        data.scenes(tiny_run, ontology.home())


def test_an_ontology_without_a_synthesised_node_is_refused(
    tiny_data: TrainingData, tiny_run: RunConfig, labels: LabelSet
) -> None:
    source = ontology.home().source
    other = LabelSet(ontology.parse(source.replace("car_horn", "klaxon")))
    bank = tiny_data.bank(tiny_data.training_rows(tiny_run))
    label_map = read_label_map(labels)

    with pytest.raises(TrainingDataError, match="synthesises: car_horn"):
        SceneDataset(bank, label_map, other, tiny_run.mixture, seed=1, length=1)


# single sounds


def test_blur_lies_around_a_sound_and_never_on_it() -> None:
    active = np.array([0, 0, 0, 1, 1, 0, 0, 0, 0, 1], dtype=np.bool_)

    assert blur(active, after=3).astype(int).tolist() == [0, 0, 1, 0, 0, 1, 1, 1, 1, 0]
    assert blur(active, after=100).astype(int).tolist() == [0, 0, 1, 0, 0, 1, 1, 1, 1, 0]
    assert not blur(np.zeros(4, dtype=np.bool_), after=2).any()


def test_a_level_is_that_of_all_or_of_the_loudest_part() -> None:
    audio = torch.cat([torch.full((FRAME,), 0.1), torch.zeros(3 * FRAME)])

    assert at_level(audio, -20.0, over_all=False).max() == pytest.approx(0.1)
    assert at_level(audio, -20.0, over_all=True).max() == pytest.approx(0.2)
    assert not at_level(torch.zeros(FRAME), -20.0, over_all=True).any()


@pytest.mark.parametrize("length", [1, 700, 8_000, 32_000, 200_000])
def test_a_clip_of_any_length_is_placed_and_marked_where_it_sounds(
    labels: LabelSet, length: int
) -> None:
    rng = np.random.default_rng(length)
    target = node_target(labels, "dog")
    for _ in range(20):
        clip = np.full(length, 0.5, dtype=np.float32)

        sound = place_at_random(clip, target, 32_000, rng)

        audio = sound.audio.numpy()
        assert audio.shape == (32_000,)
        assert np.count_nonzero(audio) >= min(length, 32_000) // 2
        np.testing.assert_array_equal(sound.active, active_frames(audio))
        assert not (sound.active & sound.blurred).any()


@pytest.mark.parametrize("duration_s", [0.06, 1.0, 2.0, 60.0])
@pytest.mark.parametrize("loudest", [0.0, 0.3, 1.0])
def test_the_loudest_moment_of_a_recording_is_always_heard(
    labels: LabelSet, duration_s: float, loudest: float
) -> None:
    rng = np.random.default_rng(0)
    clip = rng.uniform(-0.001, 0.001, round(16_000 * duration_s)).astype(np.float32)
    clip[round(loudest * (len(clip) - 1))] = 0.8
    for _ in range(40):
        sound = place_at_random(clip, node_target(labels, "dog"), 32_000, rng)
        assert sound.audio.max() == np.float32(0.8)
        assert sound.active[int(sound.audio.argmax()) // FRAME]


@pytest.mark.parametrize("node", ["smoke_alarm", "co_alarm", "low_battery_chirp", "window_glass"])
def test_a_synthesised_sound_is_loud_only_where_it_is_active_or_in_doubt(
    labels: LabelSet, node: str
) -> None:
    for seed in range(8):
        sound = synthesise(node, node_target(labels, node), 64_000, np.random.default_rng(seed))

        assert sound.audio.shape == (64_000,)
        assert sound.active.shape == sound.blurred.shape == (40,)
        loud = active_frames(sound.audio.numpy())
        assert (sound.active | sound.blurred)[loud].all()


def test_pauses_of_a_cadence_belong_to_the_alarm(labels: LabelSet) -> None:
    target = node_target(labels, "smoke_alarm")
    pauses = 0
    for seed in range(10):
        sound = synthesise("smoke_alarm", target, 128_000, np.random.default_rng(seed))
        silent = ~active_frames(sound.audio.numpy())
        pauses += int((sound.active & silent).sum())
    assert pauses > 20


def test_an_abrupt_scene_begins_with_a_sound(tiny_data: TrainingData, tiny_run: RunConfig) -> None:
    config = MixtureConfig(
        scene_s=4.0, counts=(0.0, 1.0), bed_share=0.0, glass_share=1.0, abrupt_share=1.0
    )
    config = replace(config, alarm_share=0.0, tone_share=0.0, break_share=0.0, household_share=0.0)
    scenes = _variant(tiny_data, tiny_run, config)
    column = scenes.labels.index["breakage"]
    known = [scenes[index][1] | scenes[index][2] for index in range(12)]

    assert all(each[:3, column].any() for each in known)
