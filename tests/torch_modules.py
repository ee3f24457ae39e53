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
    module_path: Path, parent: pytest.Collector, folder: Path, *, light: str | None = None
) -> pytest.Module | None:
    """What collects a test module below `folder`: pytest itself (None), or a skip without torch.

    Modules below its folder `light` do without torch.
    """
    below = module_path.relative_to(folder).parts
    if importlib.util.find_spec("torch") is not None or below[0] == light:
        return None
    module: pytest.Module = _Unimportable.from_parent(parent, path=module_path)
    return module
