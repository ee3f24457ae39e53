"""What tests of the experiments share."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def esc10_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A synthesised data folder; tests must not change it."""
    from tests.training.experiments.tiny_esc10 import write_tiny_esc10  # noqa: PLC0415 - scipy

    return write_tiny_esc10(tmp_path_factory.mktemp("esc10"))


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Decoded clips and spectra, shared by all tests."""
    return tmp_path_factory.mktemp("cache")
