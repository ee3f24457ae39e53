import librosa
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor
from torchaudio.transforms import MelSpectrogram

from aed.model.front_end import FrontEndConfig, LogMel, NoiseFloor
from tests.aed.model.lively import some_sound

pytestmark = pytest.mark.torch

CONFIG = FrontEndConfig()
SECOND_FRAMES = 100


def _log_mel(audio: Tensor) -> Tensor:
    """Log-mel (B, L, F) of streams (B, S) that begin with these samples."""
    padded = torch.nn.functional.pad(audio, (CONFIG.context_samples, 0))
    log_mel: Tensor = LogMel(CONFIG)(padded)
    return log_mel


def _hann() -> Tensor:
    """Hann's window, symmetric about the point between the two middle samples."""
    size = CONFIG.window_samples
    middle = torch.arange(size, dtype=torch.float64) + 0.5
    return (torch.sin(torch.pi * middle / size) ** 2).float()


def _padded(audio: Tensor) -> NDArray[np.float32]:
    silence = np.zeros(CONFIG.context_samples, np.float32)
    return np.concatenate([silence, audio.numpy()])


def test_the_log_mel_is_librosas() -> None:
    audio = some_sound(32_000)
    spectrum = librosa.stft(
        _padded(audio[0]),
        n_fft=CONFIG.window_samples,
        hop_length=160,
        window=_hann().numpy(),
        center=False,
    )
    mel = librosa.feature.melspectrogram(
        S=np.abs(spectrum) ** 2,
        sr=16_000,
        n_mels=CONFIG.mel_bands,
        fmin=CONFIG.fmin_hz,
        fmax=CONFIG.fmax_hz,
        norm=None,
    )
    expected = np.log(mel.T + CONFIG.power_offset)  # (L, F)

    found = _log_mel(audio)[0].numpy()
    assert found.shape == (200, 64)
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_the_log_mel_is_torchaudios() -> None:
    audio = some_sound(32_000, clips=2, seed=7)
    mel = MelSpectrogram(
        16_000,
        n_fft=CONFIG.window_samples,
        window_fn=lambda _: _hann(),
        hop_length=160,
        f_min=CONFIG.fmin_hz,
        f_max=CONFIG.fmax_hz,
        n_mels=CONFIG.mel_bands,
        center=False,
        norm=None,
        mel_scale="slaney",
    )
    padded = torch.nn.functional.pad(audio, (CONFIG.context_samples, 0))
    expected = torch.log(mel(padded).transpose(1, 2) + CONFIG.power_offset)

    # Either is up to 1e-4 away from float64 where a band is quiet beside a loud one.
    torch.testing.assert_close(_log_mel(audio), expected, atol=2e-4, rtol=0)


def test_a_constant_offset_adds_nothing() -> None:
    audio = some_sound(16_000) * 0.5
    settled = slice(2, None)  # the first windows hold the step from silence to the offset

    torch.testing.assert_close(
        _log_mel(audio + 0.3)[:, settled], _log_mel(audio)[:, settled], atol=1e-3, rtol=0
    )


def test_digital_silence_is_one_finite_constant() -> None:
    found = _log_mel(torch.zeros(1, 16_000))

    torch.testing.assert_close(found, torch.full_like(found, float(np.log(CONFIG.power_offset))))


@pytest.mark.parametrize("gain_db", [-40.0, -20.0, -6.0])
def test_once_the_floor_is_learned_gain_changes_neither_view(gain_db: float) -> None:
    noise = 0.25 * torch.randn(1, 20 * 16_000, generator=torch.Generator().manual_seed(0))
    noise[:, -8_000:] *= 4  # something new stands out of the floor
    loud, quiet = (_last_second(noise * gain) for gain in (1.0, 10 ** (gain_db / 20)))

    # Where noise happens to be near zero in a band, the power offset shows: leave that out.
    heard = loud > -3
    assert heard.float().mean() > 0.9
    assert (loud - quiet)[heard].abs().max() < 0.03
    assert (loud - quiet).abs().mean() < 0.002


def _last_second(audio: Tensor) -> Tensor:
    """Views (2, 100, F) of the last second of a stream (1, S), heard in pieces of five seconds."""
    log_mel, floor = _log_mel(audio), NoiseFloor(CONFIG)
    state = torch.zeros(1, 1, 1, CONFIG.mel_bands + 1)
    views = torch.empty(0)
    for piece in log_mel.split(5 * SECOND_FRAMES, dim=1):
        views, state = floor(piece, state)
    return views[0, :, -SECOND_FRAMES:]


def test_the_floor_is_the_bias_corrected_recursive_mean_computed_by_hand() -> None:
    config = FrontEndConfig(mel_bands=2, floor_prior_log=-6.0, floor_prior_weight=0.05)
    frames = torch.tensor([[-2.0, 0.0], [-1.0, -4.0], [0.0, -2.0]])  # (T, F), each ten hops long
    log_mel = frames.repeat_interleave(10, dim=0)[None]

    views, state = NoiseFloor(config)(log_mel, torch.zeros(1, 1, 1, 3))

    keep = np.exp(-0.1 / 3.0)
    mean, learned = np.zeros(2), 0.0
    for t, frame in enumerate(frames.numpy()):
        mean = keep * mean + (1 - keep) * (frame + 6.0)
        learned = keep * learned + (1 - keep)
        floor = -6.0 + mean / (learned + 0.05 * (1 - learned))
        hops = slice(10 * t, 10 * t + 10)
        np.testing.assert_allclose(views[0, 0, hops], [frame - floor.mean()] * 10, atol=1e-5)
        np.testing.assert_allclose(views[0, 1, hops], [frame - floor] * 10, atol=1e-5)
    np.testing.assert_allclose(state[0, 0, 0], [*mean, learned], atol=1e-6)


def test_a_floor_learned_in_two_calls_is_the_one_learned_in_one() -> None:
    log_mel, floor = _log_mel(some_sound(32_000, clips=2)), NoiseFloor(CONFIG)
    start = torch.zeros(2, 1, 1, CONFIG.mel_bands + 1)
    whole, whole_state = floor(log_mel, start)

    first, state = floor(log_mel[:, :70], start)
    second, state = floor(log_mel[:, 70:], state)

    torch.testing.assert_close(torch.cat([first, second], dim=2), whole, atol=1e-5, rtol=0)
    torch.testing.assert_close(state, whole_state)


def test_views_stay_within_bounds_whatever_is_heard() -> None:
    extremes = torch.cat([torch.full((1, 10, 64), 30.0), torch.full((1, 10, 64), -30.0)], dim=1)
    views, _ = NoiseFloor(CONFIG)(extremes, torch.zeros(1, 1, 1, 65))

    assert views.min() == -8.0
    assert views.max() == 16.0
