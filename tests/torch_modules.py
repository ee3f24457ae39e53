"""Test modules that import torch at their top: skipped, with the reason, where it is absent."""

import importlib.util
from collections.abc import Iterable
from pathlib import Path

import pytest

WITHOUT_TORCH = "torch: no torch: pip install -e '.[train]'"


class _Unimportable(pytest.Module):
    """Stands for a test module that cannot be imported here."""

    def collect(self) -> Iterable[pytest.Item | pytest.Collector]:
        pytest.skip(WITHOUT_TORCH, allow_module_level=True)


def module_or_reason(
    module_path: Path, parent: pytest.Collector, folder: Path
) -> pytest.Module | None:
    """What collects a test module of `folder`: pytest itself (None), or a skip without torch."""
    if importlib.util.find_spec("torch") is not None or module_path.parent != folder:
        return None
    module: pytest.Module = _Unimportable.from_parent(parent, path=module_path)
    return module
