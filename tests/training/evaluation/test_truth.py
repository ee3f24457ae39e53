from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.errors import TrainingDataError
from training.evaluation.truth import (
    COLUMNS,
    KINDS,
    PARTS,
    Recording,
    TrueSound,
    read_truth,
    write_truth,
)

pytestmark = pytest.mark.torch

NODES = ("smoke_alarm", "window_glass", "speech")
HEADER = "\t".join(COLUMNS)


def times() -> st.SearchStrategy[tuple[float, float] | None]:
    span = st.tuples(st.integers(0, 10**6), st.integers(1, 10**5))
    return st.none() | span.map(lambda each: (each[0] / 1000, (each[0] + each[1]) / 1000))


@st.composite
def recordings(draw: st.DrawFn) -> list[Recording]:
    names = draw(st.lists(st.from_regex(r"[a-z]{1,8}\.flac", fullmatch=True), unique=True))
    made = []
    for name in names:
        sounds = []
        for node in draw(st.lists(st.sampled_from(NODES), max_size=3)):
            span = draw(times())
            onset_s, offset_s = span if span is not None else (None, None)
            snr_db = draw(st.none() | st.integers(-20, 40).map(float))
            sounds.append(TrueSound(node=node, onset_s=onset_s, offset_s=offset_s, snr_db=snr_db))
        made.append(
            Recording(
                path=name,
                kind=draw(st.sampled_from(KINDS)),
                part=draw(st.sampled_from(PARTS)),
                group=name,
                source=draw(st.sampled_from(["Debian:one", "dev", 'a "quoted" one'])),
                sounds=tuple(sorted(sounds, key=lambda each: each.onset_s or 0.0)),
            )
        )
    return made


@given(made=recordings())
def test_what_is_written_is_read(
    made: list[Recording], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = write_truth(tmp_path_factory.mktemp("truth"), made)

    assert read_truth(path, NODES) == tuple(made)


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("../a.flac\trecording\tdevelopment\tg\ts\t\t\t\t", "path: wanted one below"),
        ("a.flac\tdream\tdevelopment\tg\ts\t\t\t\t", "kind: wanted recording or mixture"),
        ("a.flac\trecording\ttrain\tg\ts\t\t\t\t", "part: wanted development or"),
        ("a.flac\trecording\tdevelopment\tg\ts\tunicorn\t\t\t", "the ontology has no 'unicorn'"),
        ("a.flac\trecording\tdevelopment\tg\ts\tspeech\t1\t\t", "wanted both or neither"),
        ("a.flac\trecording\tdevelopment\tg\ts\tspeech\t2\t1\t", "0 <= onset < offset"),
        ("a.flac\trecording\tdevelopment\tg\ts\tspeech\tsoon\t1\t", "onset_s: wanted a number"),
        ("a.flac\trecording\tdevelopment\tg\ts\t\t1\t2\t", "times without a node"),
        ("a.flac\trecording", "wanted 9 cells"),
    ],
)
def test_a_wrong_line_is_told_with_its_number(tmp_path: Path, row: str, told: str) -> None:
    path = tmp_path / "truth.tsv"
    good = "b.flac\trecording\tdevelopment\th\ts\t\t\t\t"
    path.write_text(f"{HEADER}\n{good}\n{row}\n", encoding="utf-8")

    with pytest.raises(TrainingDataError, match=r"truth\.tsv:3: ") as caught:
        read_truth(path, NODES)
    assert told in str(caught.value)


def test_a_session_in_both_parts_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "truth.tsv"
    rows = [
        f"{name}.flac\trecording\t{part}\tg\ts\t\t\t\t"
        for name, part in zip("ab", PARTS, strict=True)
    ]
    path.write_text("\n".join([HEADER, *rows]), encoding="utf-8")

    with pytest.raises(TrainingDataError, match="group g stands in both parts"):
        read_truth(path, NODES)


@given(text=st.text(max_size=200))
def test_no_text_at_all_is_taken_for_a_truth_without_a_header(
    text: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("truth") / "truth.tsv"
    path.write_text(text, encoding="utf-8", errors="surrogatepass", newline="")

    with pytest.raises(TrainingDataError, match=r"truth\.tsv"):
        read_truth(path, NODES)
