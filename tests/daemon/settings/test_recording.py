"""Settings of clips and metrics: off by default, and what is said about what cannot work."""

import re

import pytest
import yaml

import ontology
from daemon.errors import SettingsError
from daemon.settings.clips import ClipSettings
from daemon.settings.file import parse_settings
from daemon.settings.metrics import MetricsSettings
from daemon.settings.models import Settings
from daemon.settings.nodes import fit_to_ontology
from tests.aed.house import SIMPLE
from tests.daemon.settings.test_models import EXAMPLE, GOOD, WHERE, faults

NO_VOICES = """\
version: 1
name: silent
nodes:
  - id: alarm
    name: Alarm
"""


def parsed(more: str) -> Settings:
    return parse_settings(GOOD + more, where=WHERE)


def test_nothing_is_recorded_or_served_unless_it_is_asked_for() -> None:
    for more in ("", "clips:\nmetrics:\n", "clips: null\nmetrics: null\n"):
        assert (parsed(more).clips, parsed(more).metrics) == (None, None)


def test_an_empty_mapping_records_and_metrics_stay_on_this_machine() -> None:
    assert parsed("clips: {}\n").clips == ClipSettings()
    assert parsed("metrics: {port: 9877}\n").metrics == MetricsSettings(port=9877)
    assert MetricsSettings(port=9877).address == "127.0.0.1"


def test_the_example_shows_the_defaults() -> None:
    text = EXAMPLE.read_text()

    def shown(key: str) -> object:
        block = re.search(rf"^#{key}:\n(?:#  .*\n)+", text, re.MULTILINE)
        assert block is not None
        return yaml.safe_load(re.sub(r"^#", "", block[0], flags=re.MULTILINE))[key]

    assert shown("clips") == ClipSettings().model_dump()
    assert shown("metrics") == MetricsSettings(port=9877).model_dump()


@pytest.mark.parametrize(
    ("more", "fault"),
    [
        ("clips: true", "clips: wanted a mapping (empty: the defaults) with before_s"),
        ("clips: {befor_s: 3}", "clips.befor_s: unknown key; did you mean 'before_s'?"),
        ("clips: {before_s: 31}", "wanted a number of seconds from 0 to 30, found 31"),
        ("clips: {max_mb: 0}", "wanted a whole number of megabytes from 10 to 100000, found 0"),
        ("clips: {speech: keep}", "clips.speech: wanted discard (no clip in which a person"),
        (
            "clips: {longest_s: 8, before_s: 4, after_s: 4}",
            "longest_s must leave a second for the sound itself: wanted at least 9, found 8",
        ),
        ("metrics: {}", "metrics.port: missing; wanted a whole number from 1 to 65535"),
        ("metrics: {port: 0}", "metrics.port: wanted a whole number from 1 to 65535"),
        ("metrics: {port: 9877, address: kitchen}", "wanted an IP address such as 127.0.0.1"),
        ("metrics: {port: 9877, address: 7}", "metrics.address: wanted the IP address of this"),
    ],
)
def test_what_cannot_work_is_said(more: str, fault: str) -> None:
    (found,) = faults(GOOD + more)

    assert fault in found


def test_a_model_that_hears_no_voices_may_not_record() -> None:
    silent = ontology.parse(NO_VOICES)
    fit_to_ontology(parsed(""), where=WHERE, bundle=SIMPLE, ontology=silent)
    with pytest.raises(SettingsError, match="clips: wanted a model that hears person or speech"):
        fit_to_ontology(parsed("clips: {}"), where=WHERE, bundle=SIMPLE, ontology=silent)
