"""Changes what a bundle says of itself, and seals it anew."""

from pathlib import Path
from typing import Any

import yaml

from aed.bundle_description import DESCRIPTION_FILE, canonical_digest, read_description


def open_description(bundle: Path) -> dict[str, Any]:
    """All of `bundle.yaml`.

    Raises:
        BundleError: it cannot be used.
    """
    info, _ = read_description(bundle)
    return dict(info)


def seal(bundle: Path, info: dict[str, Any]) -> None:
    """Write a changed description with its digest, in one move."""
    info["digest"] = info.pop("digest", None)  # stays the last key
    info["digest"] = canonical_digest(info)
    partial = bundle / f"{DESCRIPTION_FILE}.partial"
    text = yaml.safe_dump(info, sort_keys=False, allow_unicode=True)
    partial.write_text(text, encoding="utf-8")
    partial.replace(bundle / DESCRIPTION_FILE)
