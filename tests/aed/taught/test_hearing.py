"""Taught sounds beside the model: the tree's law, any cutting, and what the model says stays so."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from aed.bundle import Bundle
from aed.errors import TeachingError
from aed.events import Event
from aed.hearing import Hearing
from aed.posteriors import Posteriors
from aed.taught.hearing import FIRST_NUMBER, TaughtHearing
from aed.taught.matching import TaughtMatcher
from aed.taught.sounds import TaughtSound, TaughtSounds, check_place, slug, taught_sounds
from aed.taught.space import Space, unit, windowed
from ontology import LabelSet, OntologyError
from tests.aed.cutting import cut, noise_and_tones
from tests.aed.house import HOUSE
from tests.aed.tables import FMAX_HZ, FMIN_HZ, Row, table

WIDTH = 3
SPACE = Space(mean=np.zeros(WIDTH, np.float32), whitening=np.eye(WIDTH, dtype=np.float32))
OWN = LabelSet(HOUSE)


def taught(*places: tuple[str, str]) -> TaughtSounds:
    sounds = [
        TaughtSound(
            id=id_,
            name=id_,
            under=under,
            is_alert=True,
            prototype=np.eye(WIDTH, dtype=np.float32)[number],
            threshold=0.6,
        )
        for number, (id_, under) in enumerate(places)
    ]
    made = taught_sounds(SPACE, sounds, HOUSE)
    assert made is not None
    return made


BELLS = taught(("oven", "timer_beep"), ("cutlery", "breakage"), ("chat", "speech"))

MODEL_ROWS = st.lists(
    st.fixed_dictionaries({}, optional={node: st.floats(0, 1, width=32) for node in OWN.nodes}),
    min_size=1,
    max_size=40,
)


def with_embedding(rows: Sequence[Row], embedding: NDArray[np.float32]) -> Posteriors:
    return replace(table(HOUSE, rows), embedding=embedding)


@st.composite
def streams(draw: st.DrawFn) -> Posteriors:
    rows = draw(MODEL_ROWS)
    elements = st.floats(-5, 5, width=32)
    embedding = draw(hnp.arrays(np.float32, (len(rows), WIDTH), elements=elements))
    return with_embedding(rows, embedding)


def hearing() -> TaughtHearing:
    return TaughtHearing(BELLS, OWN, fmin_hz=FMIN_HZ, fmax_hz=FMAX_HZ)


def ringing(frames: int) -> NDArray[np.float32]:
    """Embeddings of the oven."""
    return np.tile(np.eye(WIDTH, dtype=np.float32)[:1] * 4, (frames, 1))


@given(stream=streams())
def test_no_parent_is_less_probable_than_its_child_and_the_model_is_never_lowered(
    stream: Posteriors,
) -> None:
    hears = hearing()
    labels = hears.labels

    values = hears.feed(stream)[0].values

    below = [column for column in range(len(labels)) if labels.parent[column] >= 0]
    assert np.all(values[:, labels.parent[below]] >= values[:, below])
    columns = [labels.index[node] for node in OWN.nodes]
    assert np.all(values[:, columns] >= stream.values)
    assert np.all((values >= 0) & (values <= 1))


@given(stream=streams(), cut=st.integers(0, 40))
def test_any_cutting_of_the_stream_gives_the_same_columns_and_events(
    stream: Posteriors, cut: int
) -> None:
    assert stream.embedding is not None
    whole, events = hearing().feed(stream)
    cutting = hearing()

    parts = [
        cutting.feed(
            Posteriors(
                values=stream.values[rows],
                start_frame=rows.start,
                level_dbfs=stream.level_dbfs[rows],
                log_mel=stream.log_mel[10 * rows.start : 10 * rows.stop],
                embedding=stream.embedding[rows],
            )
        )
        for rows in (slice(0, min(cut, len(whole.values))), slice(cut, max(cut, len(whole.values))))
        if rows.start < rows.stop
    ]

    joined = np.concatenate([part.values for part, _ in parts])
    assert joined == pytest.approx(whole.values, abs=1e-5)
    assert [e.path for _, part in parts for e in part] == [e.path for e in events]


def test_an_embedding_of_no_numbers_is_no_taught_sound_and_is_forgotten() -> None:
    matcher = TaughtMatcher(BELLS)

    assert matcher.match(np.full((1, WIDTH), np.nan, np.float32)).max() == 0
    assert matcher.match(ringing(1))[0, 0] > 0.9


def test_a_sound_that_rings_is_an_event_at_its_leaf_with_a_number_of_its_own() -> None:
    hears = hearing()

    events = hears.feed(with_embedding([{}] * 40, np.concatenate([ringing(10), -ringing(30)])))[1]

    assert [(event.phase, event.path) for event in events] == [
        ("start", "alarm/timer_beep/oven"),
        ("end", "alarm/timer_beep/oven"),
    ]
    assert [(event.alert_now, event.critical) for event in events] == [
        (True, False),
        (False, False),
    ]
    assert {event.number for event in events} == {FIRST_NUMBER}


@given(stream=streams())
def test_no_taught_event_is_critical_or_at_a_node_of_the_model(stream: Posteriors) -> None:
    hears = hearing()

    events = [*hears.feed(stream)[1], *hears.flush(is_whole=True)]

    assert not any(event.critical for event in events)
    assert {event.node for event in events} <= {"oven", "cutlery", "chat"}


def test_what_the_model_reports_is_the_same_whatever_was_taught(bundle: Bundle) -> None:
    rng = np.random.default_rng(0)
    width = bundle.widths["embedding"]
    sounds = [
        TaughtSound(
            id=f"sound_{number}",
            name="Anything",
            under=under,
            is_alert=True,
            prototype=unit(rng.standard_normal(width).astype(np.float32)),
            threshold=-1.0,
        )
        for number, under in enumerate(("alarm", "doorbell", "breakage"))
    ]
    space = Space(mean=np.zeros(width, np.float32), whitening=np.eye(width, dtype=np.float32))
    ever_ringing = replace(bundle, taught=taught_sounds(space, sounds, bundle.ontology))
    scene = noise_and_tones(20.0, 16_000)

    def events(hearing: Hearing) -> list[Event]:
        heard = [hearing.feed(chunk) for chunk in cut(scene, 16_000, [16_000])]
        return [event for each in (*heard, hearing.flush()) for event in each.events]

    alone, together = events(Hearing(bundle)), events(Hearing(ever_ringing))

    assert alone
    assert [event for event in together if event.number < FIRST_NUMBER] == alone
    assert len(together) > len(alone)


@pytest.mark.parametrize("under", ["life_safety", "smoke_alarm", "window_glass"])
def test_a_taught_sound_stands_below_nothing_that_is_critical(bundle: Bundle, under: str) -> None:
    with pytest.raises(TeachingError, match="is critical, and no taught sound must"):
        check_place("mine", under, bundle.ontology)


def test_places_that_there_are_not_and_names_that_are_taken_are_refused(bundle: Bundle) -> None:
    with pytest.raises(OntologyError, match="did you mean 'doorbell'"):
        check_place("mine", "dorbell", bundle.ontology)
    with pytest.raises(TeachingError, match="the model knows a sound of that name"):
        check_place("smoke_alarm", "doorbell", bundle.ontology)
    with pytest.raises(TeachingError, match="wanted an id"):
        check_place("../up", "doorbell", bundle.ontology)


def test_taught_leaves_leave_the_model_s_own_ontology_as_it_was() -> None:
    assert [node.id for node in HOUSE.nodes] == list(OWN.nodes)
    assert BELLS.ontology.path("oven") == "alarm/timer_beep/oven"
    assert not BELLS.ontology.node("oven").is_critical
    assert taught_sounds(SPACE, [], HOUSE) is None


@given(name=st.text(max_size=80))
def test_a_name_that_begins_with_a_letter_gives_an_id(name: str) -> None:
    check_place(slug(f"x{name}"), "timer_beep", HOUSE)


@pytest.mark.parametrize("name", ["", "!!", "42", "4 beeps", "звонок"])
def test_a_name_of_which_no_id_can_be_made_is_refused(name: str) -> None:
    with pytest.raises(TeachingError, match="wanted a name that begins with a letter"):
        slug(name)


def test_a_name_becomes_an_id_that_people_recognise() -> None:
    assert slug("Doorbell, upstairs!") == "doorbell_upstairs"


def test_a_window_is_the_mean_of_its_frames_and_shorter_where_a_stream_begins() -> None:
    values = np.array([[1.0], [2.0], [6.0], [1.0]], np.float32)

    assert windowed(values, values[:0]).ravel() == pytest.approx([1.0, 1.5, 3.0, 3.0])
    assert windowed(values[2:], values[:2]).ravel() == pytest.approx([3.0, 3.0])
    assert windowed(values[1:], values[:1]).ravel() == pytest.approx([1.5, 3.0, 3.0])
    assert windowed(values[:0], values[:2]).shape == (0, 1)
