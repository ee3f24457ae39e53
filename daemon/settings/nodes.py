"""Whether the ontology nodes that settings name exist in the ontology of the bundle."""

from collections.abc import Sequence
from pathlib import Path

from aed import thresholds
from aed.bundle import Bundle
from aed.errors import ThresholdsError
from daemon.clips.recorder import VOICES
from daemon.errors import SettingsError, SettingsFault
from daemon.settings.faults import key_text
from daemon.settings.models import Settings
from daemon.settings.yaml_lines import KeyPath
from ontology import Ontology
from ontology.spelling import advice


def class_nodes(settings: Settings, bundle: Bundle) -> tuple[str, ...]:
    """Nodes that get class states: those of the settings, else all with an alert policy.

    Taught sounds are among them if the settings name them, for as long as they are taught.
    """
    if settings.classes is not None:
        own = settings.classes
    else:
        own = tuple(node.id for node in bundle.ontology.nodes if node.alert is not None)
    taught = () if bundle.taught is None else tuple(sound.id for sound in bundle.taught.sounds)
    named = tuple(name for name in settings.taught_classes if name in taught)
    return tuple(dict.fromkeys((*own, *named)))


def fit_to_ontology(
    settings: Settings, *, where: Path, bundle: thresholds.Layer, ontology: Ontology
) -> None:
    """Check that settings and bundle fit together.

    Args:
        settings: validated settings.
        where: their file, for the faults.
        bundle: the bundle's thresholds.
        ontology: the bundle's ontology.

    Raises:
        SettingsError: carries every node that does not exist, and all thresholds that contradict
            each other once laid over the bundle's.
    """
    known = [node.id for node in ontology.nodes]
    faults = [
        _unknown(where, ("classes", number), name, known)
        for number, name in enumerate(settings.classes or ())
        if name not in known
    ]
    if settings.clips is not None and not set(VOICES) & set(known):
        wanted = f"wanted a model that hears {' or '.join(VOICES)}, so as not to record it"
        faults.append(_fault(where, ("clips",), f"{wanted}; found none"))
    layer = settings.threshold_layer()
    for name in settings.thresholds:
        if name not in known and name != "default":
            faults.append(_unknown(where, ("thresholds", name), name, [*known, "default"]))
            del layer[name]
    try:
        thresholds.resolve(bundle, ontology, layer)
    except ThresholdsError as error:
        faults += [_fault(where, ("thresholds",), problem) for problem in error.faults]
    if faults:
        raise SettingsError(faults)


def _unknown(where: Path, key: KeyPath, name: str, known: Sequence[str]) -> SettingsFault:
    remedy = advice(name, known, "`aed ontology show` lists them")
    return _fault(where, key, f"the ontology has no node {name!r}; {remedy}")


def _fault(where: Path, key: KeyPath, problem: str) -> SettingsFault:
    return SettingsFault(where=str(where), line=None, key=key_text(key), problem=problem)
