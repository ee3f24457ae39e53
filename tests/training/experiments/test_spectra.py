import errno
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from aed.model.front_end import FrontEndConfig, LogMel
from training.clips.bank import ClipBank, ClipRow
from training.errors import TrainingDataError
from training.experiments.crops import CropSource, masked, mixed, mixing
from training.experiments.spectra import SpectrumBank, open_spectra
from training.experiments.strangers import CLIPS_OF_EACH, JUDGED, TAUGHT, stranger_bank
from training.experiments.views import Distorter


def bank_of(*clips: NDArray[np.float64]) -> ClipBank:
    row = ClipRow(
        path="x", label="x", split="train", use="ship", source="made", group="x", licence="CC0-1.0"
    )
    ends = np.cumsum([0, *map(len, clips)])
    rows = tuple(replace(row, path=str(number)) for number in range(len(clips)))
    samples = (np.concatenate(clips) * 32767).astype(np.int16)
    return ClipBank(rows, np.stack([ends[:-1], ends[1:]], axis=1), samples)


def tone(seconds: float, hz: float = 1_000.0) -> NDArray[np.float64]:
    angle = 2 * np.pi * hz / 16_000 * np.arange(round(seconds * 16_000))
    return np.asarray(0.5 * np.sin(angle))


@pytest.fixture(scope="module")
def bank() -> ClipBank:
    late = np.concatenate([np.zeros(48_000), tone(1.0)])
    return bank_of(late, tone(0.3), tone(7.0))


@pytest.fixture(scope="module")
def spectra(bank: ClipBank, cache: Path) -> SpectrumBank:
    return open_spectra(bank, cache, views_per_clip=2, least_frames=100)


def test_short_clips_are_lengthened_and_long_ones_cut(spectra: SpectrumBank) -> None:
    assert np.diff(spectra.bounds)[:, 0].tolist() == [400, 100, 500]
    assert spectra.views == 3
    assert np.isfinite(spectra.frames).all()


def test_a_crop_is_the_front_ends_spectrum_of_the_mild_view(
    bank: ClipBank, spectra: SpectrumBank
) -> None:
    log_mel = LogMel(FrontEndConfig())(torch.from_numpy(np.pad(bank.clip(2), (240, 0)))[None])[0]

    crop = spectra.crop(2, view=0, start=100, length=50)

    loud = log_mel[100:150].numpy() > -2  # the mild view adds a quiet noise
    assert loud.any()
    assert np.abs(crop.astype(np.float32) - log_mel[100:150].numpy())[loud].max() < 0.15


def test_crops_begin_where_a_clip_sounds(spectra: SpectrumBank) -> None:
    starts = spectra.starts(0, 100)

    assert starts.min() >= 210  # its tone begins after three seconds
    assert starts.max() == 300


def test_other_rooms_distort_otherwise_and_crops_begin_at_the_same_moments(
    bank: ClipBank, spectra: SpectrumBank, cache: Path
) -> None:
    judging = open_spectra(bank, cache, views_per_clip=1, least_frames=100, seed=1)

    assert not np.array_equal(judging.frames[1], spectra.frames[1])
    for clip in range(3):
        assert judging.starts(clip, 100).tolist() == spectra.starts(clip, 100).tolist()


def test_spectra_are_made_once_for_the_same_content_and_anew_for_another(
    bank: ClipBank, tmp_path: Path
) -> None:
    def files() -> set[str]:
        return {path.name for path in tmp_path.glob("spectra-*")}

    open_spectra(bank, tmp_path, views_per_clip=0, least_frames=100)
    first = files()
    open_spectra(bank, tmp_path, views_per_clip=0, least_frames=100)
    assert files() == first
    open_spectra(bank_of(tone(1.0, hz=900.0)), tmp_path, views_per_clip=0, least_frames=100)
    assert len(first) == 2
    assert len(files()) == 4


def test_a_full_disk_leaves_no_spectra_and_is_told(
    bank: ClipBank, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_file: int, _offset: int, _length: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "posix_fallocate", full)

    with pytest.raises(TrainingDataError, match=r"No space left on device.*--cache"):
        open_spectra(bank, tmp_path, views_per_clip=0, least_frames=100)
    assert not list(tmp_path.glob("spectra-*"))


def test_distorted_views_differ_and_are_the_same_for_the_same_generator() -> None:
    audio = torch.from_numpy(tone(1.0).astype(np.float32))
    distorter = Distorter(np.random.default_rng(0))

    first = distorter.strong(audio, np.random.default_rng(1))

    assert torch.equal(first, distorter.strong(audio, np.random.default_rng(1)))
    assert not torch.equal(first, distorter.strong(audio, np.random.default_rng(2)))
    assert first.shape == audio.shape


def test_a_pair_is_of_one_moment_give_or_take_a_third_of_a_second(spectra: SpectrumBank) -> None:
    source = CropSource(spectra, 100)

    mild, strong = source.draw_pair(np.array([0, 1, 2]), np.random.default_rng(0))

    assert mild.shape == strong.shape == (3, 100, 64)
    assert not torch.equal(mild, strong)


def test_all_crops_of_a_clip_are_a_step_apart(spectra: SpectrumBank) -> None:
    assert len(CropSource(spectra, 100).all_of(2, step=50)) == 9


def test_a_sound_that_is_mixed_with_nothing_stays_what_it_was() -> None:
    log_mel = torch.tensor([-18.4, 2.3])[:, None, None].expand(2, 10, 64)

    assert torch.equal(mixed(log_mel, torch.tensor([1, 0]), torch.ones(2)), log_mel)


def test_mixing_two_equal_sounds_by_halves_changes_nothing() -> None:
    log_mel = torch.randn(4, 10, 64)[[0, 0, 1, 1]]

    mixture = mixed(log_mel, torch.tensor([1, 0, 3, 2]), torch.full((4,), 0.5))

    assert torch.allclose(mixture, log_mel, atol=1e-5)


def test_a_mixture_is_of_powers() -> None:
    log_mel = torch.log(torch.tensor([2.0, 6.0])).reshape(2, 1, 1)

    mixture = mixed(log_mel, torch.tensor([1, 0]), torch.tensor([0.75, 0.75]))

    # 0.75 * 2 + 0.25 * 6 = 3; 0.75 * 6 + 0.25 * 2 = 5
    assert torch.allclose(mixture.exp().flatten(), torch.tensor([3.0, 5.0]))


@settings(max_examples=30, deadline=None)
@given(crops=st.integers(1, 40), strength=st.floats(0, 4), seed=st.integers(0, 2**31))
def test_of_a_mixture_the_labelled_one_is_always_the_stronger(
    crops: int, strength: float, seed: int
) -> None:
    order, share = mixing(crops, strength, np.random.default_rng(seed))

    assert sorted(order.tolist()) == list(range(crops))
    assert ((share >= 0.5) & (share <= 1)).all()


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**31))
def test_masks_hide_and_change_nothing_else(seed: int) -> None:
    views = torch.ones(3, 2, 150, 64)

    seen = masked(views, np.random.default_rng(seed))

    assert set(seen.unique().tolist()) <= {0.0, 1.0}
    assert (seen == 0).float().mean() < 0.6
    assert torch.equal(seen[:, 0], seen[:, 1])


@pytest.mark.parametrize("kinds", [JUDGED, TAUGHT])
def test_strangers_are_noise_tones_and_silence(kinds: tuple[str, ...]) -> None:
    bank = stranger_bank(kinds)
    peaks = [float(np.abs(bank.clip(index)).max()) for index in range(len(bank.rows))]

    assert [row.label for row in bank.rows[::CLIPS_OF_EACH]] == list(kinds)
    for peak, row in zip(peaks, bank.rows, strict=True):
        is_quiet = row.label in {"silence", "hush"}
        assert peak == pytest.approx(0.0 if is_quiet else 0.25, abs=1e-4)


def test_no_kind_of_stranger_is_both_taught_and_judged() -> None:
    assert not set(JUDGED) & set(TAUGHT)
