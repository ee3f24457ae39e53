"""What the tests of the joint model share. Nothing here imports torch before a test needs it."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import ontology
from ontology import LabelSet
from tests.torch_modules import module_or_reason

if TYPE_CHECKING:
    from aed.model.joint import JointModel


def pytest_pycollect_makemodule(
    module_path: Path, parent: pytest.Collector
) -> pytest.Module | None:
    return module_or_reason(module_path, parent, Path(__file__).parent)


@pytest.fixture(scope="session")
def labels() -> LabelSet:
    return LabelSet(ontology.home())


@pytest.fixture(scope="session")
def model(labels: LabelSet) -> "JointModel":
    """A model whose logits say something; tests must not change it."""
    from tests.aed.model.lively import lively_model  # noqa: PLC0415 - imports torch

    return lively_model(labels)
