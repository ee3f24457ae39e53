"""AudioSet's graph becomes a valid tree, whatever part of it is taken."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ontology
from ontology import OntologyError
from ontology.audioset import AudioSetClass, audioset_classes
from ontology.audioset_tree import audioset_tree

ALL = tuple(audioset_classes().values())


@st.composite
def graphs(draw: st.DrawFn) -> tuple[AudioSetClass, ...]:
    """Draws classes of AudioSet with any names and any parents among those drawn before them."""
    ids = draw(st.lists(st.sampled_from(list(audioset_classes())), min_size=1, unique=True))
    names = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=80)
    classes: list[AudioSetClass] = []
    depth: dict[str, int] = {}
    for id_ in ids:
        possible = [each.id for each in classes if depth[each.id] < 12]
        parents = (
            draw(st.lists(st.sampled_from(possible), max_size=3, unique=True)) if possible else []
        )
        classes.append(AudioSetClass(id=id_, name=draw(names), parents=tuple(parents)))
        depth[id_] = 1 + max((depth[parent] for parent in parents), default=0)
    return tuple(classes)


def test_all_of_audioset_is_a_valid_tree_of_632_nodes() -> None:
    tree = ontology.parse(audioset_tree(ALL))

    assert len(tree.nodes) == 632
    assert [node.audioset for node in tree.nodes if node.depth == 0] == [
        (each.id,) for each in ALL if not each.parents
    ]
    assert sum(bool(node.see_also) for node in tree.nodes) == 38
    smoke = tree.node("smoke_detector_smoke_alarm")
    assert (smoke.name, smoke.audioset) == ("Smoke detector, smoke alarm", ("/m/01y3hg",))
    assert tree.path(smoke.id) == "sounds_of_things/alarm/smoke_detector_smoke_alarm"
    assert not any(node.alert for node in tree.nodes)


def test_the_licence_of_audiosets_list_stands_at_the_head_of_the_file() -> None:
    assert "CC BY-SA 4.0" in audioset_tree(ALL).split("version:", maxsplit=1)[0]


def test_a_part_has_the_ids_of_the_whole_and_keeps_out_what_stands_elsewhere() -> None:
    part = ontology.parse(audioset_tree(ALL, under=["alarm", "/m/039jq", "Siren"]))

    assert [root.name for root in part.roots] == ["Alarm", "Glass"]
    assert part.path("car_alarm") == "alarm/car_alarm"  # AudioSet has it under Car first
    assert part.node("car_alarm").see_also == ()
    assert {node.id for node in part.nodes} < {
        node.id for node in ontology.parse(audioset_tree(ALL)).nodes
    }


def test_classes_that_there_are_not_are_all_told_with_what_was_probably_meant() -> None:
    with pytest.raises(OntologyError) as caught:
        audioset_tree(ALL, under=["Alarn", "Glass", "zzzz"])

    first, second = (str(fault) for fault in caught.value.faults)
    assert first == "--under: AudioSet has no class 'Alarn'; did you mean 'alarm'?"
    assert second.startswith("--under: AudioSet has no class 'zzzz'; name a class")


def test_a_chain_deeper_than_an_ontology_may_be_is_refused() -> None:
    ids = list(audioset_classes())[:40]
    chain = [
        AudioSetClass(id=id_, name=id_, parents=tuple(ids[number - 1 : number]))
        for number, id_ in enumerate(ids)
    ]

    with pytest.raises(OntologyError, match="deeper than level 12"):
        audioset_tree(chain)
    assert len(ontology.parse(audioset_tree(chain[:12])).nodes) == 12


@settings(deadline=None, max_examples=100)
@given(graphs(), st.data())
def test_any_graph_becomes_a_valid_tree_with_every_class_and_parent_once(
    classes: tuple[AudioSetClass, ...], data: st.DataObject
) -> None:
    under = data.draw(st.lists(st.sampled_from([each.id for each in classes]), max_size=2))

    text = audioset_tree(classes, under=under)

    assert text == audioset_tree(classes, under=under)
    tree = ontology.parse(text)
    nodes = {node.audioset[0]: node for node in tree.nodes}
    assert len(nodes) == len(tree.nodes)
    if not under:
        assert nodes.keys() == {each.id for each in classes}
    for each in classes:
        if each.id not in nodes:
            continue
        node = nodes[each.id]
        above = [] if node.parent is None else [node.parent.id]
        wanted = [nodes[parent].id for parent in each.parents if parent in nodes]
        assert [*above, *node.see_also] == wanted
        assert node.name == each.name
