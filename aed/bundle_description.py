"""Reads what a bundle says of itself: `bundle.yaml` and the self-test clip, checked key by key.

Axes: S samples, T posterior frames, N ontology nodes.
"""

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from aed.audio import SAMPLE_RATE_HZ
from aed.errors import BundleError
from aed.inference import HOP_SAMPLES
from aed.posteriors import LOG_MEL_FRAMES_PER_HOP
from aed.verifier import VERIFIER_FILE
from ontology import LabelSet
from ontology.errors import blamed_on

FORMAT_VERSION = 2
"""Newest bundle format this program reads."""

DESCRIPTION_FILE = "bundle.yaml"
ONTOLOGY_FILE = "ontology.yaml"
NEEDED_FILES = ("model.onnx", ONTOLOGY_FILE, "selftest.npz")
"""Files without which nothing can be heard; `weights.safetensors` is for training."""

_SHA256_HEX_LENGTH = 64
_MAPPINGS = ("front_end", "calibration", "thresholds", "quality", "files")
_FRONT_END = {
    "sample_rate_hz": SAMPLE_RATE_HZ,
    "hop_samples": HOP_SAMPLES // LOG_MEL_FRAMES_PER_HOP,
}


def read_description(path: Path) -> tuple[Mapping[str, Any], str]:
    """Read and check `bundle.yaml`.

    Args:
        path: folder of the bundle.

    Returns:
        Its content, with every key that loading needs, and the SHA-256 of the file.

    Raises:
        BundleError: there is no such folder or file, it is no YAML, of a newer format, changed
            since it was written, or a key is missing or wrong.
    """
    if not path.is_dir():
        raise BundleError(
            f"bundle {path}: there is no such folder; give one that holds a {DESCRIPTION_FILE}, "
            f"or leave --bundle out to use the default"
        )
    where = path / DESCRIPTION_FILE
    try:
        content = where.read_bytes()
    except OSError as error:
        unreadable = BundleError(
            f"bundle {path}: its {DESCRIPTION_FILE} cannot be read ({error.strerror}); "
            f"is this the folder of a bundle?"
        )
        raise blamed_on(error, unreadable) from error
    try:
        info = yaml.safe_load(content)
    except (yaml.YAMLError, UnicodeDecodeError, ValueError) as error:
        raise BundleError(f"{where}: it is not valid YAML: {error}") from error
    if not isinstance(info, dict):
        raise BundleError(f"{where}: wanted keys and values, got {type(info).__name__}")
    _check_format(where, info.get("format_version"))
    _check_digest(where, info)
    _check_keys(where, info)
    return info, hashlib.sha256(content).hexdigest()


def canonical_digest(description: Mapping[str, Any]) -> str:
    """What `digest` in `bundle.yaml` must be: the same for the same content, however written.

    Args:
        description: all of `bundle.yaml`; plain values, as YAML gives them. Its `digest` does not
            count.

    Returns:
        SHA-256, in hex, of the content as JSON with sorted keys.

    Raises:
        TypeError: a value or key is nothing that JSON knows.
        ValueError: a value contains itself.
    """
    content = {key: value for key, value in description.items() if key != "digest"}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _check_digest(where: Path, info: Mapping[str, Any]) -> None:
    try:
        found = canonical_digest(info)
    except (TypeError, ValueError, RecursionError) as error:
        raise BundleError(
            f"{where}: wanted text, numbers, lists and keys with values only: {error}"
        ) from error
    if info.get("digest") != found:
        raise BundleError(
            f"{where}: it is not what its maker wrote: its content has the digest {found}, "
            f"`digest` says {info.get('digest')!r}; copy the whole folder again, or use another "
            f"bundle (thresholds can be changed in the settings)"
        )


def _check_format(where: Path, version: object) -> None:
    if type(version) is not int or version < 1:
        raise BundleError(
            f"{where}: wanted format_version: {FORMAT_VERSION}, got {version!r}; "
            f"is this a bundle of aed?"
        )
    if version > FORMAT_VERSION:
        raise BundleError(
            f"{where}: it has format {version}, this program reads up to {FORMAT_VERSION}; "
            f"update aed, or take an older bundle"
        )
    if version < FORMAT_VERSION:
        raise BundleError(
            f"{where}: it has format {version}, this program reads format {FORMAT_VERSION}; "
            f"train it anew with this version of aed, or take the shipped one"
        )


def _check_keys(where: Path, info: dict[str, Any]) -> None:
    for key in ("name", "ontology_digest"):
        if not isinstance(info.get(key), str):
            raise BundleError(f"{where}: {key}: wanted text, got {info.get(key)!r}")
    for key in _MAPPINGS:
        if not isinstance(info.setdefault(key, {}), dict):
            raise BundleError(f"{where}: {key}: wanted keys and values, got {info[key]!r}")
    _check_front_end(where, info["front_end"])
    for key, numbers in info["calibration"].items():
        _check_numbers(f"{where}: calibration.{key}", key, numbers)
    for node_id, numbers in info["thresholds"].items():
        if not isinstance(numbers, dict):
            raise BundleError(
                f"{where}: thresholds.{node_id}: wanted `on`, `off`, `dwell_s`, "
                f"`hold_s` with numbers, got {numbers!r}"
            )
    _check_files(where, info["files"])
    if VERIFIER_FILE in info["files"]:
        _check_second_look(where, info.get("second_look"))


def _check_second_look(where: Path, entries: object) -> None:
    """Entries in the order of the verifier's probabilities."""
    if not isinstance(entries, list) or not entries:
        raise BundleError(f"{where}: second_look: wanted a list of guarded nodes, got {entries!r}")
    for entry in entries:
        threshold = entry.get("threshold") if isinstance(entry, dict) else None
        if (
            not isinstance(entry, dict)
            or not isinstance(entry.get("node"), str)
            or not isinstance(threshold, float)
            or not 0 <= threshold <= 1
        ):
            raise BundleError(
                f"{where}: second_look: wanted a `node` and a `threshold` from 0.0 to 1.0, "
                f"got {entry!r}"
            )


def _check_front_end(where: Path, front_end: Mapping[str, Any]) -> None:
    for key, wanted in _FRONT_END.items():
        if front_end.get(key) != wanted:
            raise BundleError(
                f"{where}: front_end.{key}: this program hears at {wanted}, the model at "
                f"{front_end.get(key)!r}"
            )
    for key in ("fmin_hz", "fmax_hz"):
        if not isinstance(front_end.get(key), int | float):
            raise BundleError(
                f"{where}: front_end.{key}: wanted a frequency in Hz, got {front_end.get(key)!r}"
            )


def _check_numbers(where: str, key: object, numbers: object) -> None:
    if key not in ("scale", "bias") or not isinstance(numbers, dict):
        raise BundleError(f"{where}: wanted `scale` and `bias`, each from node ids to numbers")
    for node_id, number in numbers.items():
        if isinstance(number, bool) or not isinstance(number, int | float):
            raise BundleError(f"{where}.{node_id}: wanted a number, got {number!r}")


def _check_files(where: Path, files: Mapping[Any, Any]) -> None:
    for name, digest in files.items():
        if not isinstance(name, str) or Path(name).name != name:
            raise BundleError(f"{where}: files: {name!r} is not the plain name of a file beside it")
        if not isinstance(digest, str) or len(digest) != _SHA256_HEX_LENGTH:
            raise BundleError(f"{where}: files.{name}: wanted a SHA-256 in hex, got {digest!r}")
    missing = [name for name in NEEDED_FILES if name not in files]
    if missing:
        raise BundleError(f"{where}: files: it does not list {', '.join(missing)}")


def read_self_test(
    where: Path, content: bytes, *, nodes: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Read the self-test clip.

    Args:
        where: name of the file, for messages.
        content: the file.
        nodes: number of ontology nodes N.

    Returns:
        Audio (S,), S a positive multiple of 1600, and expected posteriors (T, N), float32.

    Raises:
        BundleError: the file is not of this shape.
    """
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            audio = np.asarray(arrays["audio"], np.float32)
            expected = np.asarray(arrays["posteriors"], np.float32)
    except (KeyError, ValueError, OSError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise BundleError(f"{where}: wanted arrays `audio` and `posteriors`: {error}") from error
    frames, rest = divmod(audio.size, HOP_SAMPLES)
    if audio.ndim != 1 or rest or not frames or expected.shape != (frames, nodes):
        raise BundleError(
            f"{where}: wanted audio (S,) of whole {HOP_SAMPLES} samples and one row of {nodes} "
            f"posteriors for each, got {audio.shape} and {expected.shape}"
        )
    return audio, expected


def calibration_of(
    path: Path, info: Mapping[str, Any], key: str, labels: LabelSet, *, default: float
) -> NDArray[np.float32]:
    """What a description says of the calibration.

    Args:
        path: folder of the bundle, for messages.
        info: its description.
        key: `scale` or `bias`.
        labels: the columns.
        default: where it says nothing.

    Returns:
        (N,) float32: one number for each column.

    Raises:
        BundleError: it names an unknown node, or a number is none that could be used.
    """
    numbers = np.full(len(labels), default, np.float32)
    for node_id, value in info["calibration"].get(key, {}).items():
        where = f"{path / DESCRIPTION_FILE}: calibration.{key}.{node_id}"
        if node_id not in labels.index:
            raise BundleError(f"{where}: the ontology has no such node")
        if not np.isfinite(value) or (key == "scale" and value <= 0):
            raise BundleError(f"{where}: wanted a finite number (a scale above 0), got {value}")
        numbers[labels.index[node_id]] = value
    return numbers


def untaught_of(path: Path, info: Mapping[str, Any], labels: LabelSet) -> tuple[str, ...]:
    """Nodes without an example of their own or of a descendant, which would be one of theirs.

    Args:
        path: folder of the bundle, for messages.
        info: its description.
        labels: the columns.

    Raises:
        BundleError: the description lists unknown nodes, or something else.
    """
    listed = info["quality"].get("untaught", [])
    where = f"{path / DESCRIPTION_FILE}: quality.untaught"
    if not isinstance(listed, list):
        raise BundleError(f"{where}: wanted a list of node ids, got {listed!r}")
    unknown = [node_id for node_id in listed if node_id not in labels.nodes]
    if unknown:
        raise BundleError(f"{where}: the ontology has no node {unknown[0]!r}")
    return tuple(
        node.id
        for node in labels.ontology.nodes
        if all(each.id in listed for each in (node, *node.descendants))
    )
