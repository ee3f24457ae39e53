"""Names of Home Assistant's entities in the user's language; those of sounds are the ontology's."""

from collections.abc import Mapping
from typing import TypeVar

from ontology import Node, Ontology

_Word = TypeVar("_Word")

_ENGLISH = {
    "alert": "Alert",
    "problem": "Problem",
    "mute": "Mute alerts",
    "self_test": "Run self-test",
    "last_self_test": "Last self-test",
    "memory": "Memory",
    "queue": "Waiting reports",
    "level": "Level",
    "heard": "Sound heard",
    "lag": "Lag",
}
_WORDS = {
    "en": _ENGLISH,
    "de": {
        "alert": "Meldung",
        "problem": "Problem",
        "mute": "Meldungen stummschalten",
        "self_test": "Selbsttest starten",
        "last_self_test": "Letzter Selbsttest",
        "memory": "Arbeitsspeicher",
        "queue": "Wartende Meldungen",
        "level": "Pegel",
        "heard": "Gehörte Zeit",
        "lag": "Rückstand",
    },
}


def word(key: str, language: str) -> str:
    """Name of one of our own entities; English where the language is not spoken here.

    Args:
        key: such as `last_self_test`.
        language: a language tag, such as `de` or `de-CH`.
    """
    return (_in_language(_WORDS, language) or _ENGLISH)[key]


def node_name(node: Node, language: str) -> str:
    """Name of a sound; English where the ontology does not have it in the language.

    Args:
        node: of the ontology.
        language: a language tag, such as `de` or `de-CH`.
    """
    return _in_language(node.names, language) or node.name


def is_spoken(language: str, ontology: Ontology) -> bool:
    """Whether any sound that is worth an alert has a name in the language.

    Args:
        language: a language tag.
        ontology: the bundle's.
    """
    nodes = [node for node in ontology.nodes if node.alert is not None]
    return _main(language) == "en" or any(_in_language(node.names, language) for node in nodes)


def _in_language(words: Mapping[str, _Word], language: str) -> _Word | None:
    return words.get(language) or words.get(_main(language))


def _main(language: str) -> str:
    """The language without country or script."""
    return language.partition("-")[0]
