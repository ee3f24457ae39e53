"""Taught columns beside the model's: the tree's law, any cutting, and what is critical stays so."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from aed.bundle import Bundle
from aed.errors import TeachingError
from aed.events import Event, EventTracker
from aed.posteriors import Posteriors
from aed.taught.matching import TaughtMatcher
from aed.taught.sounds import TaughtSound, TaughtSounds, check_place, slug, taught_sounds
from aed.taught.space import Space
from aed.thresholds import resolve
from ontology import LabelSet, OntologyError
from tests.aed.house import HOUSE, SIMPLE
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


BELLS = taught(("oven", "timer_beep"), ("cutlery", "crockery"), ("chat", "speech"))
LABELS = LabelSet(BELLS.ontology)

MODEL_ROWS = st.lists(
    st.fixed_dictionaries({}, optional={node: st.floats(0, 1, width=32) for node in OWN.nodes}),
    min_size=1,
    max_size=40,
)


def with_embedding(rows: Sequence[Row], embedding: NDArray[np.float32]) -> Posteriors:
    plain = table(HOUSE, rows)
    return Posteriors(
        values=plain.values,
        start_frame=0,
        level_dbfs=plain.level_dbfs,
        log_mel=plain.log_mel,
        embedding=embedding,
    )


@st.composite
def streams(draw: st.DrawFn) -> Posteriors:
    rows = draw(MODEL_ROWS)
    elements = st.floats(-5, 5, width=32)
    embedding = draw(hnp.arrays(np.float32, (len(rows), WIDTH), elements=elements))
    return with_embedding(rows, embedding)


def matcher() -> TaughtMatcher:
    return TaughtMatcher(BELLS, OWN, LABELS)


@given(stream=streams())
def test_no_parent_is_less_probable_than_its_child_and_the_model_is_never_lowered(
    stream: Posteriors,
) -> None:
    values = matcher().extend(stream).values

    above = [column for column in range(len(LABELS)) if LABELS.parent[column] >= 0]
    assert np.all(values[:, LABELS.parent[above]] >= values[:, above])
    columns = [LABELS.index[node] for node in OWN.nodes]
    assert np.all(values[:, columns] >= stream.values)
    assert np.all((values >= 0) & (values <= 1))


@given(stream=streams(), cut=st.integers(0, 40))
def test_any_cutting_of_the_stream_gives_the_same_columns(stream: Posteriors, cut: int) -> None:
    assert stream.embedding is not None
    whole = matcher().extend(stream).values
    cutting = matcher()

    parts = [
        cutting.extend(
            Posteriors(
                values=stream.values[rows],
                start_frame=0,
                level_dbfs=stream.level_dbfs[rows],
                log_mel=stream.log_mel,
                embedding=stream.embedding[rows],
            )
        ).values
        for rows in (slice(0, cut), slice(cut, None))
    ]

    assert np.concatenate(parts) == pytest.approx(whole, abs=1e-5)


def test_what_the_model_said_stays_beside_it_for_the_second_look() -> None:
    stream = with_embedding([{"smoke_alarm": 0.7}], np.ones((1, WIDTH), np.float32))

    extended = matcher().extend(stream)

    assert extended.model_values is stream.values
    assert extended.values.shape == (1, len(OWN) + 3)


def test_an_embedding_of_no_numbers_is_no_taught_sound_and_is_forgotten() -> None:
    hearing = matcher()
    broken = np.full((1, WIDTH), np.nan, np.float32)
    ringing = np.eye(WIDTH, dtype=np.float32)[:1] * 4
    oven = LABELS.index["oven"]

    assert hearing.extend(with_embedding([{}], broken)).values[0, oven] == 0
    assert hearing.extend(with_embedding([{}], ringing)).values[0, oven] > 0.9


def calls(events: list[Event]) -> list[tuple[str, float]]:
    return [(e.node, e.detected_s) for e in events if e.alert_now and e.critical]


@given(stream=streams())
def test_no_taught_sound_delays_hides_or_makes_a_critical_alert(stream: Posteriors) -> None:
    def events(labels: LabelSet, posteriors: Posteriors) -> list[Event]:
        layer = SIMPLE if labels is OWN else {**SIMPLE, **BELLS.thresholds}
        tracker = EventTracker(
            labels.ontology,
            resolve(layer, labels.ontology),
            fmin_hz=FMIN_HZ,
            fmax_hz=FMAX_HZ,
        )
        return [*tracker.feed(posteriors), *tracker.flush()]

    alone = calls(events(OWN, stream))

    assert calls(events(LABELS, matcher().extend(stream))) == alone


def test_a_smoke_alarm_calls_while_a_taught_sound_rings_on() -> None:
    ringing = np.tile(np.eye(WIDTH, dtype=np.float32)[:1], (60, 1))
    rows: list[Row] = [{}] * 20 + [{"smoke_alarm": 0.95}] * 40
    stream = matcher().extend(with_embedding(rows, ringing))
    tracker = EventTracker(
        BELLS.ontology,
        resolve({**SIMPLE, **BELLS.thresholds}, BELLS.ontology),
        fmin_hz=FMIN_HZ,
        fmax_hz=FMAX_HZ,
    )

    events = tracker.feed(stream)

    starts = [(event.path, event.critical) for event in events if event.phase == "start"]
    assert starts == [
        ("alarm/timer_beep/oven", False),
        ("alarm/life_safety/smoke_alarm", True),
    ]


@pytest.mark.parametrize("under", ["alarm", "life_safety", "smoke_alarm", "breakage"])
def test_a_taught_sound_stands_neither_below_nor_beside_what_is_critical(
    bundle: Bundle, under: str
) -> None:
    with pytest.raises(TeachingError, match="is critical, and a taught sound must neither"):
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
