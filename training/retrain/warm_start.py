"""The model that a retraining begins with: a bundle's weights, mapped to another ontology."""

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor

from aed.bundle import SHIPPED, Bundle, default_bundle_path, load_bundle
from aed.bundle_description import DESCRIPTION_FILE
from aed.errors import BundleError
from aed.model.joint import JointModel, ModelConfig
from ontology import LabelSet
from ontology.matching import matches
from training.carry_over import carry_over

WEIGHTS_FILE = "weights.safetensors"


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What is retrained.

    Attributes:
        bundle: the old model as it hears.
        model: the same in torch, in evaluation mode.
    """

    bundle: Bundle
    model: JointModel

    def start(self, labels: LabelSet) -> dict[str, Tensor]:
        """Weights for a model of another ontology: what was learned stays."""
        return carry_over(self.model.state_dict(), old=self.bundle.labels, new=labels)

    def kept(self, labels: LabelSet) -> Mapping[str, str]:
        """Old node of each node of another ontology that the old model knows."""
        return matches(self.bundle.ontology, labels.ontology)

    def kept_branches(self, labels: LabelSet) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Columns of the branches that mean the same in both: node and parent are kept.

        Returns:
            Of the old ontology, and of the other one, (K,) each.
        """
        kept, old = self.kept(labels), self.bundle.labels
        pairs = []
        for node, before in kept.items():
            column, parent = old.index[before], int(labels.parent[labels.index[node]])
            above = kept.get(labels.nodes[parent], "") if parent >= 0 else None
            old_parent = int(old.parent[column])
            if above == (old.nodes[old_parent] if old_parent >= 0 else None):
                pairs.append((column, labels.index[node]))
        columns = np.array(pairs, dtype=np.int64).reshape(-1, 2)
        return columns[:, 0], columns[:, 1]


def open_origin(word: str) -> Origin:
    """Open the bundle that a retraining starts from.

    Args:
        word: its folder, or the name of the shipped one or of an installed one.

    Raises:
        BundleError: there is none, it cannot be used here, or it holds no weights of a network
            and front end such as this version trains.
    """
    bundle = load_bundle(bundle_folder(word))
    config = ModelConfig()
    _check_sizes(bundle, config)
    path = bundle.path / WEIGHTS_FILE
    if WEIGHTS_FILE not in bundle.info["files"]:
        raise BundleError(
            f"bundle {bundle.path}: it has no {WEIGHTS_FILE}, without which it can hear but not "
            "be trained; start from a bundle that has one, as the shipped one"
        )
    model = JointModel(config, bundle.labels)
    try:
        model.load_state_dict(load(path.read_bytes()))
    except (OSError, SafetensorError, RuntimeError) as error:
        raise BundleError(f"{path}: holds no weights of this network: {error}") from error
    return Origin(bundle=bundle, model=model.eval().requires_grad_(requires_grad=False))


def bundle_folder(word: str) -> Path:
    """Folder of a bundle, by its path or name.

    Raises:
        BundleError: there is none.
    """
    path = Path(word)
    if (path / DESCRIPTION_FILE).is_file():  # a folder `home` here may be of anything
        return path
    installed = default_bundle_path().parent
    places = [SHIPPED.parent / word, installed / word] if os.sep not in word else []
    for place in places:
        if place.is_dir():
            return place
    shipped = ", ".join(sorted(each.name for each in SHIPPED.parent.iterdir() if each.is_dir()))
    raise BundleError(
        f"--from {word}: wanted the folder of a bundle, or the name of the shipped one ({shipped}) "
        f"or of an installed one, or the file of a checkpoint; found none of these"
    )


def _check_sizes(bundle: Bundle, config: ModelConfig) -> None:
    """Refuse a bundle of another network or front end: its weights would mean nothing here."""
    found = {
        "front_end": bundle.info["front_end"],
        "architecture.network": bundle.info.get("architecture", {}).get("network", {}),
    }
    wanted = {
        "front_end": asdict(config.front_end),
        "architecture.network": asdict(config.network),
    }
    for part, sizes in wanted.items():
        for key, size in sizes.items():
            there = found[part].get(key) if isinstance(found[part], dict) else None
            if _as_yaml(there) != _as_yaml(size):
                raise BundleError(
                    f"bundle {bundle.path}: {part}.{key} is {there!r}, and this version trains "
                    f"with {_as_yaml(size)!r}: its weights cannot be carried over. Start from a "
                    "bundle that was trained with this version, as the shipped one"
                )


def _as_yaml(value: object) -> object:
    """A value as YAML gives it: lists in place of tuples."""
    return [_as_yaml(each) for each in value] if isinstance(value, list | tuple) else value
