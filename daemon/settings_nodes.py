"""Whether the ontology nodes that settings name exist in the ontology of the bundle."""

from collections.abc import Sequence
from pathlib import Path

from aed import thresholds
from aed.errors import ThresholdsError
from aed.thresholds import NodeThresholds
from daemon.errors import SettingsError, SettingsFault
from daemon.settings import Settings
from daemon.settings_faults import did_you_mean, key_text
from daemon.settings_yaml import KeyPath
from ontology import Ontology


def class_nodes(settings: Settings, ontology: Ontology) -> tuple[str, ...]:
    """Nodes that get class states: those of the settings, else all with an alert policy."""
    if settings.classes is not None:
        return tuple(dict.fromkeys(settings.classes))
    return tuple(node.id for node in ontology.nodes if node.alert is not None)


def fit_to_ontology(
    settings: Settings, *, where: Path, bundle: thresholds.Layer, ontology: Ontology
) -> dict[str, NodeThresholds]:
    """Check that settings and bundle fit together.

    Args:
        settings: validated settings.
        where: their file, for the faults.
        bundle: the bundle's thresholds.
        ontology: the bundle's ontology.

    Returns:
        Thresholds of each node.

    Raises:
        SettingsError: carries every node that does not exist, and thresholds that contradict
            each other once laid over the bundle's.
    """
    known = [node.id for node in ontology.nodes]
    faults = [
        _fault(where, ("classes", number), name, known)
        for number, name in enumerate(settings.classes or ())
        if name not in known
    ]
    faults += [
        _fault(where, ("thresholds", name), name, [*known, "default"])
        for name in settings.thresholds
        if name not in known and name != "default"
    ]
    if faults:
        raise SettingsError(faults)
    try:
        return dict(thresholds.resolve(bundle, ontology, settings.threshold_layer()))
    except ThresholdsError as error:
        problem = str(error)
        fault = SettingsFault(where=str(where), line=None, key="thresholds", problem=problem)
        raise SettingsError([fault]) from error


def _fault(where: Path, key: KeyPath, name: str, known: Sequence[str]) -> SettingsFault:
    close = did_you_mean(name, list(known))
    if "did you mean" not in close:
        close = "; `aed ontology show` lists them"
    return SettingsFault(
        where=str(where),
        line=None,
        key=key_text(key),
        problem=f"the ontology has no node {name!r}{close}",
    )
