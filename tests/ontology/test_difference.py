"""What changed between any two ontologies, and nothing else, is told."""

from dataclasses import replace

import pytest
from hypothesis import given, settings

import ontology
from ontology import Ontology
from ontology.difference import Change, difference
from tests.ontology.edits import Edited, edited_ontologies
from tests.ontology.test_matching import ontologies

TEXT = """\
version: 1
name: small
nodes:
  - id: alarm
    name: Alarm
    alert: {}
    children:
      - id: smoke
        name: Smoke alarm
        names: {de: Rauchmelder}
        audioset: [/m/01y3hg]
        alert: {critical: true}
      - {id: siren, name: Siren, audioset: [/m/03kmc9], see_also: [outdoors]}
  - {id: outdoors, name: Outdoors}
"""


def changed(old: str, new: str) -> Ontology:
    assert old in TEXT
    return ontology.parse(TEXT.replace(old, new))


def test_the_same_file_has_no_difference() -> None:
    found = difference(ontology.parse(TEXT), ontology.parse("# a comment\n" + TEXT))

    assert found.is_empty
    assert list(found.kept) == ["alarm", "smoke", "siren", "outdoors"]


@pytest.mark.parametrize(
    ("old", "new", "key", "before", "after"),
    [
        ("Smoke alarm", "Smoke detector", "name", "Smoke alarm", "Smoke detector"),
        ("Rauchmelder", "Melder", "names", {"de": "Rauchmelder"}, {"de": "Melder"}),
        ("/m/01y3hg", "/m/0c3f7m", "audioset", ("/m/01y3hg",), ("/m/0c3f7m",)),
    ],
)
def test_what_a_node_says_differently_is_told_key_by_key(
    old: str, new: str, key: str, before: object, after: object
) -> None:
    found = difference(ontology.parse(TEXT), changed(old, new))

    assert found.changed == (Change(id="smoke", key=key, before=before, after=after),)
    assert replace(found, changed=()).is_empty


def test_a_node_that_follows_its_parent_has_not_moved_itself() -> None:
    text = TEXT.replace("\n  - id: alarm\n", "\n  - id: home\n    name: Home\n  - id: alarm\n")
    nested = (
        "version: 1\nname: small\nnodes:\n  - id: home\n    name: Home\n    children:\n"
        + "".join(
            f"    {line}\n" if line else "\n"
            for line in text.split("nodes:\n")[1]
            .replace("  - id: home\n    name: Home\n", "")
            .splitlines()
        )
    )

    found = difference(ontology.parse(TEXT), ontology.parse(nested))

    assert found.added == ("home",)
    assert found.moved == ("alarm", "outdoors")
    assert found.removed == ()


def test_a_reference_to_a_renamed_node_is_no_second_change() -> None:
    old = changed("name: Outdoors}", "name: Outdoors, audioset: [/t/dd00128]}")
    new = ontology.parse(
        old.source.replace("id: outdoors", "id: outside").replace("[outdoors]", "[outside]")
    )

    found = difference(old, new)

    assert found.renamed == ("outside",)
    assert found.changed == ()


def test_an_id_that_was_given_to_another_sound_is_doubted() -> None:
    found = difference(ontology.parse(TEXT), changed("/m/01y3hg", "/m/03wwcy"))

    assert found.doubtful == ("smoke",)


def test_a_new_node_knows_what_was_learned_above_it() -> None:
    siren = "{id: siren, name: Siren, audioset: [/m/03kmc9], see_also: [outdoors]}"
    new = changed(siren, "{id: bell, name: Bell, children: [{id: fire_bell, name: F}]}")

    found = difference(ontology.parse(TEXT), new)

    assert found.learned_above("fire_bell") == "alarm"
    assert found.learned_above("bell") == "alarm"


@settings(deadline=None, max_examples=60)
@given(ontologies, ontologies)
def test_any_two_ontologies_differ_in_something_unless_their_digests_are_the_same(
    old: Ontology, new: Ontology
) -> None:
    found, back = difference(old, new), difference(new, old)

    assert found.is_empty == (old.digest == new.digest)
    assert difference(old, old).is_empty
    assert {*found.kept, *found.added} == {node.id for node in new.nodes}
    assert {*found.kept.values(), *found.removed} == {node.id for node in old.nodes}
    assert (back.added, back.removed) == (found.removed, found.added)
    assert {found.kept[id_] for id_ in found.moved} == set(back.moved)
    assert {found.kept[id_] for id_ in found.renamed} == set(back.renamed)
    assert back.reordered == found.reordered


@settings(deadline=None, max_examples=100)
@given(edited_ontologies())
def test_edits_are_told_apart_and_an_unchanged_file_has_none(edited: Edited) -> None:
    found = difference(edited.old, edited.new)

    assert set(found.added) == edited.added
    assert set(found.removed) == edited.removed
    assert {id_: found.kept[id_] for id_ in found.renamed} == edited.renamed
    assert set(found.moved) == edited.moved
    assert found.is_empty == (edited.old.digest == edited.new.digest)
