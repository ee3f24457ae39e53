"""The documentation keeps to what there is: commands, make targets, links, payload fields."""

import re
from pathlib import Path

import pytest
import yaml

from aed.__main__ import build_parser
from daemon.mqtt.topics import Topics
from daemon.settings.file import load_settings

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
MQTT = ROOT / "docs" / "mqtt.md"
PAGES = [README, ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def blocks(path: Path, language: str) -> list[str]:
    """Fenced blocks of one language, their own indentation removed."""
    found = re.findall(
        rf"^( *)```{language}\n(.*?)^ *```$", path.read_text(), re.DOTALL | re.MULTILINE
    )
    return [re.sub(rf"^{indent}", "", text, flags=re.MULTILINE) for indent, text in found]


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_command_that_is_mentioned_exists(page: Path) -> None:
    usage = build_parser().format_help()
    mentioned = set(re.findall(r"`(?:\S*/)?aed ([a-z]+)", page.read_text()))

    assert [command for command in mentioned if f"\n    {command} " not in usage] == []


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_make_target_that_is_mentioned_exists(page: Path) -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    mentioned = set(re.findall(r"^make ([a-z-]+)|`make ([a-z-]+)", page.read_text(), re.MULTILINE))

    assert {first or second for first, second in mentioned} <= set(targets)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_link_into_the_project_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text())

    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_file_of_the_project_that_is_mentioned_exists(page: Path) -> None:
    rooms = "aed|daemon|docs|ontology|systemd|tests|training"
    mentioned = re.findall(rf"`((?:{rooms})/[^`\s*<…]*(?:\.[a-z]+|/))`", page.read_text())

    assert [path for path in mentioned if not (ROOT / path).exists()] == []


def test_every_topic_is_documented() -> None:
    topics = Topics(node="x")
    singles = [value for value in vars(Topics).values() if isinstance(value, property)]
    names = {str(each.fget(topics)).removeprefix("aed/x/") for each in singles if each.fget}
    names -= {"aed/x"}
    names |= {
        topics.source_status("<name>").removeprefix("aed/x/"),
        topics.class_state("<name>", "<id>").removeprefix("aed/x/"),
        topics.class_attributes("<name>", "<id>").removeprefix("aed/x/"),
    }
    documented = set(re.findall(r"^\| `([^`]+)` \|", MQTT.read_text(), re.MULTILINE))

    assert names <= documented


def test_the_settings_of_the_readme_are_valid(tmp_path: Path) -> None:
    text = next(block for block in blocks(README, "yaml") if block.startswith("node:"))
    (tmp_path / "mqtt-password").write_text("secret")
    path = tmp_path / "settings.yaml"
    path.write_text(text)

    assert load_settings(path).sources[0].name == "mic"


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_yaml_blocks_are_yaml(page: Path) -> None:
    for block in blocks(page, "yaml"):
        assert yaml.safe_load(block)
