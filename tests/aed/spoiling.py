"""Changes a copy of a bundle, so that it is another one or none."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from aed.bundle import load_bundle
from aed.bundle_description import canonical_digest
from aed.errors import BundleError

Edit = Callable[[dict[str, Any]], None]


def refused(folder: Path) -> str:
    with pytest.raises(BundleError) as caught:
        load_bundle(folder)
    assert caught.value.exit_code == 78
    return str(caught.value)


def describe(folder: Path, edit: Edit, *, sign: bool = True) -> None:
    """Change a description as its maker might, or as somebody else would."""
    path = folder / "bundle.yaml"
    info = yaml.safe_load(path.read_text(encoding="utf-8"))
    edit(info)
    if sign:
        info["digest"] = canonical_digest(info)
    path.write_text(yaml.safe_dump(info), encoding="utf-8")


def replace_file(folder: Path, name: str, content: bytes) -> None:
    """Put another file in place, with a description that fits it."""
    (folder / name).write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    describe(folder, lambda info: info["files"].update({name: digest}))


def with_key(key: str, value: object) -> Edit:
    return lambda info: info.update({key: value})
