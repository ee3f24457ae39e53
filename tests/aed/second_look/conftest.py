"""Tests of the second look make their own graphs, which needs the train extra."""

from pathlib import Path

import pytest

from tests.torch_modules import module_or_reason


def pytest_pycollect_makemodule(
    module_path: Path, parent: pytest.Collector
) -> pytest.Module | None:
    return module_or_reason(module_path, parent, Path(__file__).parent)
