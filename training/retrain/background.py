"""The background of a retrained bundle: that of its origin, for the representation is the same.

Without one, whatever has been taught at home falls silent, and nothing more can be taught.
"""

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np

from aed.errors import TeachingError
from aed.taught.background import BACKGROUND_FILE, packed, read_background
from ontology import LabelSet
from training.release.description import open_description, seal
from training.retrain.warm_start import Origin


def carry_background(origin: Origin, labels: LabelSet, folder: Path) -> str | None:
    """Write the origin's background into a bundle made from it, in words of its ontology.

    Args:
        origin: whose background it is.
        labels: the new ontology; windows of a node that it lacks are of none that is known.
        folder: of the new bundle.

    Returns:
        None, or what is to be said if the origin has no background that can be used.

    Raises:
        OSError: the folder cannot be written to.
    """
    try:
        background = read_background(origin.bundle)
    except TeachingError as error:
        return (
            f"with the retrained bundle no taught sound is heard, and none can be taught, until "
            f"it has a {BACKGROUND_FILE} ({error})"
        )
    now = {before: node for node, before in origin.kept(labels).items()}
    nodes = np.array([now.get(node, "") for node in background.nodes.tolist()], dtype=np.str_)
    content = packed(replace(background, nodes=nodes))
    info = open_description(folder)
    (folder / BACKGROUND_FILE).write_bytes(content)
    info["files"][BACKGROUND_FILE] = hashlib.sha256(content).hexdigest()
    seal(folder, info)
    return None
