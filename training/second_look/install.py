"""Puts a verifier into a bundle, or takes it out; the rest of the bundle stays as it is."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from aed.verifier import VERIFIER_FILE, Guard
from training.release.description import open_description, seal


def install(
    bundle: Path, content: bytes, guards: Sequence[Guard], quality: Mapping[str, Any]
) -> None:
    """Write a verifier and describe it.

    Args:
        bundle: folder of the bundle.
        content: the ONNX file.
        guards: what its probabilities are of, in their order.
        quality: what was measured of it; plain values.

    Raises:
        BundleError: the description of the bundle cannot be used.
    """
    info = open_description(bundle)
    (bundle / VERIFIER_FILE).write_bytes(content)
    info["files"][VERIFIER_FILE] = hashlib.sha256(content).hexdigest()
    info["second_look"] = [{"node": each.node, "threshold": each.threshold} for each in guards]
    info["quality"]["second_look"] = dict(quality)
    seal(bundle, info)


def remove(bundle: Path) -> None:
    """Make a bundle one without a second look.

    Raises:
        BundleError: the description of the bundle cannot be used.
    """
    info = open_description(bundle)
    info["files"].pop(VERIFIER_FILE, None)
    info["quality"].pop("second_look", None)
    info.pop("second_look", None)
    seal(bundle, info)
    (bundle / VERIFIER_FILE).unlink(missing_ok=True)
