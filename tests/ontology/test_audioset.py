"""AudioSet's list has the shape its publishers describe."""

import pytest

from ontology.audioset import advice_for, audioset_classes


def test_counts_are_those_of_the_publication() -> None:
    classes = audioset_classes().values()

    assert len(classes) == 632
    assert sum(not class_.parents for class_ in classes) == 7
    assert sum(len(class_.parents) > 1 for class_ in classes) == 38
    assert sum(len(class_.parents) for class_ in classes) == 670


def test_parents_are_classes_and_nothing_is_its_own_ancestor() -> None:
    classes = audioset_classes()
    for class_ in classes.values():
        above = set(class_.parents)
        while above:
            assert class_.id not in above
            above = {parent for id_ in above for parent in classes[id_].parents}


def test_known_classes_are_found() -> None:
    smoke = audioset_classes()["/m/01y3hg"]

    assert smoke.name == "Smoke detector, smoke alarm"
    assert smoke.parents == ("/m/07pp_mv",)


@pytest.mark.parametrize(
    ("unknown", "advice"),
    [
        ("/m/01y3h", "did you mean /m/01y3hg (Smoke detector, smoke alarm)?"),
        ("speech", "did you mean /m/09x0r (Speech)?"),
        ("Dorbell", "did you mean /m/03wwcy (Doorbell)?"),
        ("zzzz", "write an id of ontology/audioset.tsv, as /m/01y3hg, or leave it out"),
        ("/" * 10_000, "write an id of ontology/audioset.tsv, as /m/01y3hg, or leave it out"),
    ],
)
def test_advice_names_what_was_probably_meant(unknown: str, advice: str) -> None:
    assert advice_for(unknown) == advice
