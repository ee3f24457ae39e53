from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.training.retrain.own_recordings import home
from training.clips.manifest import ClipRow
from training.retrain.listing import Split
from training.retrain.naming import Meaning, Names
from training.retrain.own_data import own_data
from training.retrain.survey import SurveyedClip

pytestmark = pytest.mark.torch

LABELS = home()
NAMES = Names(LABELS)
SPLITS: tuple[Split, ...] = ("", "train", "held_out")


def clip(number: int, label: str, group: str, split: Split) -> SurveyedClip:
    meaning = NAMES.meaning(label.split("+"))
    assert isinstance(meaning, Meaning)
    row = ClipRow(
        path=f"/{number}.wav",
        label=meaning.key,
        split="train",
        use="ship",
        source="own recordings",
        group=group,
        licence="own",
    )
    return SurveyedClip(
        row=row, meaning=meaning, split=split, duration_s=1.0, digest=bytes([number])
    )


@st.composite
def clips(draw: st.DrawFn) -> list[SurveyedClip]:
    """Clips of a few labels and sessions, of which a list may hold some out."""
    labels = st.sampled_from(["dog", "cat", "dog+cat", "speech", "unlabelled"])
    sessions = st.sampled_from([f"day{number}" for number in range(6)])
    rows = draw(st.lists(st.tuples(labels, sessions), min_size=1, max_size=20))
    split = {session: draw(st.sampled_from(SPLITS)) for _, session in rows}
    first = clip(0, "dog", "always learned", "train")
    return [
        first,
        *(clip(n + 1, label, day, split[day]) for n, (label, day) in enumerate(rows)),
    ]


@settings(deadline=None)
@given(clips())
def test_a_session_is_learned_or_held_out_and_no_clip_gets_lost(found: list[SurveyedClip]) -> None:
    data = own_data(found, LABELS, Path("cache"))
    learned, held_out = ({row.group for row in rows} for rows in (data.train, data.held_out))

    assert not learned & held_out
    assert sorted(row.path for row in (*data.train, *data.held_out)) == sorted(
        each.row.path for each in found
    )
    for each in found:
        if each.split:
            assert each.row.group in (held_out if each.split == "held_out" else learned)


@settings(deadline=None)
@given(clips())
def test_every_label_is_still_learned_unless_its_list_holds_all_of_it_out(
    found: list[SurveyedClip],
) -> None:
    data = own_data(found, LABELS, Path("cache"))
    free = {each.row.label for each in found if each.split != "held_out"}
    assert free <= {row.label for row in data.train}


@settings(deadline=None)
@given(clips())
def test_what_is_taught_is_all_that_is_true_in_a_clip_and_above_it(
    found: list[SurveyedClip],
) -> None:
    data = own_data(found, LABELS, Path("cache"))
    assert {"dog", "pet"} <= data.taught()
    for node in data.taught():
        above = LABELS.ontology.node(node).parent
        assert above is None or above.id in data.taught()
