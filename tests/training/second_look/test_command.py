"""`python -m training.second_look` from recordings to a bundle, on a few synthesised clips."""

import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from aed.bundle import Bundle, load_bundle
from aed.verifier import blank_window
from tests.aed.second_look.verifiers import GUARDS, verifier_file
from training.second_look.__main__ import main, table, write
from training.second_look.fit import Fitted, Worth
from training.second_look.graph import Pooling
from training.second_look.install import install

pytestmark = pytest.mark.torch

WORTH = Worth(
    true_alerts=60, recorded_alerts=20, demoted=1, wrong_alerts=40, spared=20, surely_spared=0.4
)


@pytest.fixture
def folder(bundle: Bundle, tmp_path: Path) -> Path:
    return Path(shutil.copytree(bundle.path, tmp_path / "home"))


def test_where_too_little_proves_anything_the_bundle_has_no_second_look(
    folder: Path,
    tiny_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    install(folder, verifier_file(bias=1.0), GUARDS, {})
    words = f"--bundle {folder} --data {tiny_folder} --cache {tmp_path / 'cache'} --scenes 8"
    monkeypatch.setattr(sys, "argv", ["second_look", *words.split()])

    assert main() == 0

    assert load_bundle(folder).verifier is None
    assert "no second look is worth its risk" in capsys.readouterr().out


def test_what_was_fitted_is_what_the_bundle_judges_by(folder: Path) -> None:
    loaded = load_bundle(folder)
    widths = loaded.widths
    like = blank_window(widths["embedding"], widths["posteriors"], widths["log_mel"])
    features = Pooling(widths).features(like)
    weights = np.random.default_rng(0).normal(0, 0.01, (2, len(features)))
    fitted = {
        node: Fitted(weights=weights[number], bias=0.3 - number, threshold=0.2, worth=WORTH)
        for number, node in enumerate(("life_safety", "window_glass"))
    }

    write(folder, widths, fitted)

    verifier = load_bundle(folder).verifier
    assert verifier is not None
    assert [(guard.node, guard.threshold) for guard in verifier.guards] == [
        ("life_safety", 0.2),
        ("window_glass", 0.2),
    ]
    wanted = 1 / (1 + np.exp(-(weights @ features + [0.3, -0.7])))
    np.testing.assert_allclose(verifier.judge(like), wanted, atol=1e-5)
    quality = load_bundle(folder).info["quality"]["second_look"]
    assert quality["life_safety"]["spared"] == 20


def test_the_table_says_what_is_not_worth_it() -> None:
    weak = Worth(
        true_alerts=60, recorded_alerts=20, demoted=1, wrong_alerts=40, spared=9, surely_spared=0.1
    )
    fitted = {
        "life_safety": Fitted(weights=np.zeros(3), bias=0.0, threshold=0.25, worth=WORTH),
        "window_glass": Fitted(weights=np.zeros(3), bias=0.0, threshold=0.1, worth=weak),
        "gas": None,
    }

    _, life_safety, window_glass, gas = table(fitted).splitlines()

    assert life_safety.split() == ["life_safety", "60", "20", "1", "40", "20", "40%", "0.250"]
    assert window_glass.endswith("not worth it")
    assert gas.endswith("too few candidates")
