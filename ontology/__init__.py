"""What the classes are: YAML ontologies, their validation, and label columns."""

from ontology.errors import AedError, OntologyError
from ontology.faults import Fault
from ontology.labels import LabelSet
from ontology.loader import home, load, parse
from ontology.tree import (
    LONGEST_DWELL_S,
    LONGEST_HOLD_S,
    PATTERNS,
    AlertPolicy,
    Node,
    Ontology,
)

__all__ = [
    "LONGEST_DWELL_S",
    "LONGEST_HOLD_S",
    "PATTERNS",
    "AedError",
    "AlertPolicy",
    "Fault",
    "LabelSet",
    "Node",
    "Ontology",
    "OntologyError",
    "home",
    "load",
    "parse",
]
