"""A node is its id; one that was renamed is found again by its classes of AudioSet."""

from hypothesis import given, settings
from hypothesis import strategies as st

import ontology
from ontology import Ontology
from ontology.matching import matches
from tests.ontology.edits import Edited, edited_ontologies
from tests.ontology.plans import plans, to_yaml

ontologies = plans(max_nodes=12, max_depth=4).map(lambda plan: ontology.parse(to_yaml(plan)))
SMOKE, FIRE, SIREN = "/m/01y3hg", "/m/0c3f7m", "/m/03kmc9"


def of(**audioset: list[str]) -> Ontology:
    """A flat ontology of ids and their classes of AudioSet."""
    nodes = [{"id": id_, "name": id_, "audioset": found} for id_, found in audioset.items()]
    return ontology.parse(to_yaml({"version": 1, "name": "flat", "nodes": nodes}))


def test_a_renamed_node_is_found_by_its_class_of_audioset() -> None:
    assert matches(of(smoke=[SMOKE]), of(smoke_detector=[SMOKE])) == {"smoke_detector": "smoke"}


def test_an_id_says_more_than_a_class_of_audioset() -> None:
    old, new = of(smoke=[SMOKE], siren=[SIREN]), of(smoke=[SIREN], siren=[SMOKE])

    assert matches(old, new) == {"smoke": "smoke", "siren": "siren"}


def test_a_node_split_in_two_and_two_made_one_are_no_renames() -> None:
    whole, parts = of(alarm=[SMOKE, FIRE]), of(smoke=[SMOKE], fire=[FIRE])

    assert matches(whole, parts) == {}
    assert matches(parts, whole) == {}


def test_the_same_classes_say_more_than_a_shared_one() -> None:
    old = of(alarm=[SMOKE, FIRE], smoke=[SMOKE])
    new = of(any_alarm=[SMOKE, FIRE], smoke_detector=[SMOKE])

    assert matches(old, new) == {"any_alarm": "alarm", "smoke_detector": "smoke"}


def test_a_node_that_gained_a_class_is_still_the_same() -> None:
    assert matches(of(smoke=[SMOKE]), of(detector=[SMOKE, FIRE])) == {"detector": "smoke"}


def test_nodes_without_classes_are_never_taken_for_each_other() -> None:
    assert matches(of(one=[]), of(other=[])) == {}


@settings(deadline=None, max_examples=60)
@given(ontologies, ontologies)
def test_any_two_ontologies_match_one_to_one_and_the_same_both_ways(
    old: Ontology, new: Ontology
) -> None:
    found = matches(old, new)

    assert list(found) == [node.id for node in new.nodes if node.id in found]
    assert {before: after for after, before in found.items()} == matches(new, old)
    old_ids = {node.id for node in old.nodes}
    for after, before in found.items():
        assert after == before or (
            after not in old_ids and set(new.node(after).audioset) & set(old.node(before).audioset)
        )
    assert all(node.id in found for node in new.nodes if node.id in old_ids)


@settings(deadline=None, max_examples=100)
@given(edited_ontologies())
def test_what_was_renamed_added_and_removed_is_told_apart(edited: Edited) -> None:
    found = matches(edited.old, edited.new)

    renamed = {after: before for after, before in found.items() if after != before}
    assert renamed == edited.renamed
    assert {node.id for node in edited.new.nodes} - set(found) == edited.added
    assert {node.id for node in edited.old.nodes} - set(found.values()) == edited.removed


@settings(deadline=None, max_examples=20)
@given(st.data())
def test_an_ontology_matches_itself_node_by_node(data: st.DataObject) -> None:
    one = data.draw(ontologies)

    assert matches(one, one) == {node.id: node.id for node in one.nodes}
