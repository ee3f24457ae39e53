"""What is no YAML, no text or no file is refused, too, and quickly."""

from pathlib import Path

import pytest

import ontology
from ontology import Fault, OntologyError


def fault_of(text: str) -> Fault:
    with pytest.raises(OntologyError) as caught:
        ontology.parse(text, where="my.yaml")
    return caught.value.faults[0]


def load_fault(path: Path | str) -> Fault:
    with pytest.raises(OntologyError) as caught:
        ontology.load(path)
    (fault,) = caught.value.faults
    assert fault.where == str(path)
    return fault


@pytest.mark.parametrize(
    ("text", "line", "problem", "remedy"),
    [
        ("version: 1\nname: x\nnodes:\n\t- id: a", 4, "(column 1)", "never with tabs"),
        ("version: 1\nname: a: b", 2, "mapping values are not allowed", "quote text"),
        ("version: 1\nname", 2, "could not find expected ':'", "needs a colon"),
        ("version: 1\nnodes: [\nx", 3, "that begins on line 2", "brackets"),
        ("version: 1\nname: x y\n - a: b", 3, "mapping values", "indentation"),
        ("nodes:\n  - id: a\n - id: b", 3, "expected <block end>", "same column"),
        ("name: 'x\nnodes: []\n", 1, "while scanning a quoted scalar", "quotes"),
        ("name: x\n---\nname: y", 2, "another document", "one ontology per file"),
        ("name: @x", 1, "cannot start any token", "quotes"),
        ("name: x\n\x00", 2, "character 0 is not allowed", "text file"),
        ("name: x\nnodes: \ud800", 2, "character 55296 is not allowed", "text file"),
        ('name: x\nnodes: "\\U00110000"', 2, "not valid YAML", "escape"),
        ('name: x\nnodes: "\\UFFFFFFFF"', 2, "not valid YAML", "escape"),
        ("%YAML 1." + "9" * 5000 + "\n---\na: b", 1, "not valid YAML", "number"),
        ("? " * 5000, 1, "nested more than 100 levels", "at most 12 deep"),
        ("[" * 5000, 1, "nested more than 100 levels", "at most 12 deep"),
        ("{a: " * 5000, 1, "nested more than 100 levels", "at most 12 deep"),
    ],
)
def test_broken_yaml_is_reported_where_it_breaks(
    text: str, line: int, problem: str, remedy: str
) -> None:
    fault = fault_of(text)

    assert fault.line == line
    assert problem in fault.problem
    assert remedy in fault.remedy


@pytest.mark.parametrize("text", ["", "\n \n", "# only a comment\n", "---\n...\n"])
def test_an_empty_file_says_what_to_begin_with(text: str) -> None:
    assert "keys version" in fault_of(text).remedy


def test_an_alias_bomb_does_not_go_off() -> None:
    layers = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 60)]
    text = "\n".join(["a0: &a0 [x]", *layers, "nodes: *a59"])

    with pytest.raises(OntologyError) as caught:
        ontology.parse(text)

    aliases = [fault for fault in caught.value.faults if "alias" in fault.problem]
    assert len(aliases) == 59 * 9 + 1


def test_a_node_that_contains_itself_does_not_hang() -> None:
    text = "version: 1\nname: x\nnodes: &all\n  - id: a\n    name: A\n    children: *all\n"

    with pytest.raises(OntologyError) as caught:
        ontology.parse(text, where="my.yaml")

    (fault,) = caught.value.faults
    assert str(fault) == (
        "my.yaml:6: alias '*all' is not allowed in an ontology; write the value out again"
    )


def test_an_alias_is_refused_wherever_it_stands() -> None:
    text = """\
version: 1
name: &x x
nodes:
  - *x
  - id: *x
    name: *x
    names: *x
    audioset: *x
    see_also: [*x]
    alert: {critical: *x, dwell_s: *x, pattern: *x}
    *x : y
    children: *x
"""
    with pytest.raises(OntologyError) as caught:
        ontology.parse(text)

    assert {fault.problem for fault in caught.value.faults} == {
        "alias '*x' is not allowed in an ontology"
    }
    lines = [fault.line for fault in caught.value.faults]
    assert lines == [4, 5, 6, 7, 8, 9, 10, 10, 10, 11, 12]


def test_an_anchor_that_nobody_uses_is_harmless() -> None:
    text = "version: 1\nname: x\nnodes: &unused [{id: a, name: A}]\n"

    assert ontology.parse(text).nodes[0].id == "a"


def test_an_oversized_text_is_refused_unread() -> None:
    assert "longer than 2,097,152 characters" in fault_of("#" * 2_097_153).problem


def test_a_missing_file_is_said_to_be_missing(tmp_path: Path) -> None:
    assert load_fault(tmp_path / "no.yaml").problem == "there is no such file"


def test_a_directory_is_said_to_be_one(tmp_path: Path) -> None:
    assert load_fault(tmp_path).problem == "this is a directory, not a file"


def test_an_empty_file_is_said_to_be_empty(tmp_path: Path) -> None:
    path = tmp_path / "empty.yaml"
    path.touch()

    assert load_fault(path).problem == "the file is empty"


def test_a_path_that_leads_through_a_file_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    assert "cannot be read" in load_fault(tmp_path / "file" / "x.yaml").problem


def test_an_impossible_path_is_a_fault() -> None:
    assert "cannot be read: embedded null byte" in load_fault("a\0b").problem


def test_an_endless_file_is_not_read_to_its_end() -> None:
    assert "longer than" in load_fault("/dev/zero").problem


def test_a_long_file_is_called_long_even_if_reading_ends_inside_a_character(
    tmp_path: Path,
) -> None:
    path = tmp_path / "long.yaml"
    path.write_text("#" + "€" * 2_900_000, encoding="utf-8")

    assert "longer than" in load_fault(path).problem


@pytest.mark.parametrize(
    ("content", "line", "byte"),
    [
        ("version: 1\nname: Küche\n".encode("latin-1"), 2, "0xfc"),
        ("version: 1\n".encode("utf-16"), 1, "0xff"),
        (b"\n\n\n\x80", 4, "0x80"),
    ],
)
def test_a_file_that_is_not_utf_8_is_reported_where_it_is_not(
    tmp_path: Path, content: bytes, line: int, byte: str
) -> None:
    path = tmp_path / "latin.yaml"
    path.write_bytes(content)

    fault = load_fault(path)

    assert (fault.line, fault.problem) == (line, f"byte {byte} is not UTF-8")
    assert fault.remedy == "save the file as UTF-8"
