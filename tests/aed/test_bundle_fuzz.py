"""Whatever a bundle's description says, it is loaded or refused with a reason, and nothing else."""

import contextlib
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from aed.bundle import SHIPPED, load_bundle
from aed.bundle_description import DESCRIPTION_FILE, canonical_digest, read_description
from aed.errors import BundleError

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3)
    ),
    max_leaves=8,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the shipped bundle, to be spoilt."""
    copy = tmp_path_factory.mktemp("bundle") / "copy"
    shutil.copytree(SHIPPED, copy)
    return copy


@settings(max_examples=200, deadline=None)
@given(content=st.binary(max_size=400))
def test_bytes_that_are_no_description_are_refused(folder: Path, content: bytes) -> None:
    (folder / DESCRIPTION_FILE).write_bytes(content)

    with pytest.raises(BundleError):
        read_description(folder)


@settings(max_examples=60, deadline=None)
@given(data=st.data(), value=VALUES)
def test_any_value_under_any_key_is_taken_or_refused(
    folder: Path, data: st.DataObject, value: object
) -> None:
    description: dict[str, Any] = yaml.safe_load((SHIPPED / DESCRIPTION_FILE).read_text())
    part = description
    key = data.draw(st.sampled_from(sorted(part)))
    while isinstance(part[key], dict) and part[key] and data.draw(st.booleans()):
        part = part[key]
        key = data.draw(st.sampled_from(sorted(part)))
    part[key] = value
    description.pop("digest", None)
    description["digest"] = canonical_digest(description)
    (folder / DESCRIPTION_FILE).write_text(yaml.safe_dump(description, allow_unicode=True))

    with contextlib.suppress(BundleError):
        load_bundle(folder)
