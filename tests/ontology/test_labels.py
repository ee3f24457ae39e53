"""Laws of the label columns, on any tree and on small ones worked out by hand."""

import numpy as np
import pytest
from hypothesis import given, settings

import ontology
from ontology import LabelSet, OntologyError
from tests.ontology.plans import plans, to_yaml

SMALL = """\
version: 1
name: small
nodes:
  - id: alarm
    name: Alarm
    children:
      - id: life_safety
        name: Life-safety alarm
        children:
          - {id: smoke_alarm, name: Smoke alarm}
      - {id: siren, name: Siren}
  - {id: speech, name: Speech}
"""

label_sets = plans().map(lambda plan: LabelSet(ontology.parse(to_yaml(plan))))


def test_columns_of_a_small_tree() -> None:
    labels = LabelSet(ontology.parse(SMALL))

    assert labels.nodes == ("alarm", "life_safety", "smoke_alarm", "siren", "speech")
    assert len(labels) == 5
    assert labels.parent.tolist() == [-1, 0, 1, 0, -1]
    assert labels.depth.tolist() == [0, 1, 2, 1, 0]
    assert labels.ancestors.astype(int).tolist() == [
        [1, 0, 0, 0, 0],
        [1, 1, 0, 0, 0],
        [1, 1, 1, 0, 0],
        [1, 0, 0, 1, 0],
        [0, 0, 0, 0, 1],
    ]
    assert labels.column("siren") == 3
    assert labels.path("smoke_alarm") == "alarm/life_safety/smoke_alarm"
    assert labels.parent.dtype == labels.depth.dtype == np.dtype(np.int64)


def test_an_unknown_node_has_no_column() -> None:
    labels = LabelSet(ontology.parse(SMALL))

    with pytest.raises(OntologyError, match="did you mean 'speech'"):
        labels.column("speach")


def test_the_arrays_cannot_be_written_to() -> None:
    labels = LabelSet(ontology.parse(SMALL))

    for array in (labels.parent, labels.depth, labels.ancestors):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


@settings(deadline=None, max_examples=50)
@given(label_sets)
def test_columns_follow_the_tree(labels: LabelSet) -> None:
    for column, node in enumerate(labels.ontology.nodes):
        assert labels.nodes[column] == node.id
        assert labels.index[node.id] == labels.column(node.id) == column
        assert labels.depth[column] == node.depth
        parent = labels.parent[column]
        assert parent < column
        assert (parent == -1) == (node.parent is None)
        assert node.parent is None or labels.nodes[parent] == node.parent.id
        assert labels.path(node.id).split("/") == [step.id for step in node.path]


@settings(deadline=None, max_examples=50)
@given(label_sets)
def test_ancestors_are_the_closure_of_parents(labels: LabelSet) -> None:
    edges = np.eye(len(labels), dtype=np.int64)
    for column, parent in enumerate(labels.parent):
        if parent >= 0:
            edges[column, parent] = 1
    closure = np.linalg.matrix_power(edges, len(labels)) > 0

    np.testing.assert_array_equal(labels.ancestors, closure)
    np.testing.assert_array_equal(labels.ancestors.sum(axis=1), labels.depth + 1)


def test_critical_columns_are_those_of_which_a_person_must_be_told() -> None:
    labels = LabelSet(ontology.home())

    nodes = {labels.nodes[column] for column in labels.critical}

    assert {"smoke_alarm", "co_alarm", "window_glass"} <= nodes
    assert "doorbell" not in nodes
