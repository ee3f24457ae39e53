"""Thresholds by request: only where settings allow it, within bounds, kept, taken back."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aed.bundle import Bundle
from daemon.errors import RequestError
from daemon.requests.asked_thresholds import FILE_NAME, AskedThresholds
from daemon.requests.data import LEAST_ON, MOST_ON, SetThresholdData
from daemon.settings.models import Settings

SOURCE = {"kind": "command", "command": ["true"], "sample_rate_hz": 16_000}


def settings_of(*, is_allowed: bool = True, **changes: Any) -> Settings:  # noqa: ANN401 - settings
    given = {
        "node": "test",
        "mqtt": {"host": "localhost"},
        "sources": [{"name": name, **SOURCE} for name in ("hall", "porch")],
        "requests": {"set_threshold": is_allowed},
        **changes,
    }
    return Settings.model_validate(given)


def ask(asked: AskedThresholds, node: str, on: float | None, **more: Any) -> None:  # noqa: ANN401
    asked.ask(SetThresholdData(node=node, on=on, **more), by="a test")


def on_at(asked: AskedThresholds, source: str, node: str) -> float:
    numbers = asked.at(source, node)
    assert numbers is not None
    return numbers.on


@pytest.fixture
def asked(tmp_path: Path, bundle: Bundle) -> AskedThresholds:
    return AskedThresholds(tmp_path, settings_of(), bundle)


def test_nothing_is_changed_where_settings_do_not_allow_it(tmp_path: Path, bundle: Bundle) -> None:
    asked = AskedThresholds(tmp_path, settings_of(is_allowed=False), bundle)

    with pytest.raises(RequestError, match=r"requests: \{set_threshold: true\}"):
        ask(asked, "doorbell", 0.9)

    assert asked.is_empty
    assert not (tmp_path / FILE_NAME).exists()


def test_a_threshold_holds_at_all_sources_or_at_one_until_it_is_taken_back(
    asked: AskedThresholds, tmp_path: Path, bundle: Bundle, caplog: pytest.LogCaptureFixture
) -> None:
    own = on_at(asked, "hall", "doorbell")
    ask(asked, "doorbell", 0.8)
    ask(asked, "doorbell", 0.9, source="porch")

    again = AskedThresholds(tmp_path, settings_of(), bundle)
    assert (on_at(again, "hall", "doorbell"), on_at(again, "porch", "doorbell")) == (0.8, 0.9)
    ask(again, "doorbell", None)
    assert (on_at(again, "hall", "doorbell"), on_at(again, "porch", "doorbell")) == (own, 0.9)
    ask(again, "doorbell", None, source="porch")

    assert again.is_empty
    assert AskedThresholds(tmp_path, settings_of(), bundle).is_empty
    assert "threshold of doorbell at porch, asked for by a test: on 0.9" in caplog.text
    assert "as in the settings; before: on 0.9" in caplog.text


def test_a_request_goes_over_the_settings_number_by_number(tmp_path: Path, bundle: Bundle) -> None:
    mine = {"doorbell": {"on": 0.7, "off": 0.2, "hold_s": 9.0}}
    asked = AskedThresholds(tmp_path, settings_of(thresholds=mine), bundle)

    ask(asked, "doorbell", 0.8)

    assert asked.layer("hall")["doorbell"] == {"on": 0.8, "off": 0.2, "hold_s": 9.0}


@pytest.mark.parametrize(
    ("wanted", "problem"),
    [
        ({"node": "smoke_alrm", "on": 0.9}, "did you mean 'smoke_alarm'"),
        ({"node": "default", "on": 0.9}, "it has no node 'default'"),
        ({"node": "doorbell", "on": 0.9, "source": "prch"}, "did you mean 'porch'"),
        ({"node": "doorbell", "on": 0.1}, "off must not be above on"),
        ({"node": "smoke_alarm", "on": 0.94}, "is critical: wanted on from 0.95"),
        ({"node": "smoke_alarm", "on": 0.98}, "to 0.975"),
        ({"node": "smoke_alarm", "on": 0.96, "off": 0.4}, "off from 0.475"),
        ({"node": "smoke_alarm", "on": 0.98, "source": "hall"}, "is critical"),
        ({"node": "life_safety", "on": 0.98}, "is critical"),
        ({"node": "window_glass", "on": 0.89}, "is critical"),
        ({"node": "alarm", "on": 0.95}, "not sure enough to be named: wanted on up to 0.9"),
        ({"node": "doorbell", "on": 0.64}, "hides what may be critical beside it: wanted on from"),
        ({"node": "doorbell", "on": 0.06, "off": 0.05}, "hides what may be critical beside it"),
        ({"node": "doorbell", "on": 0.8, "off": 0.1}, "and off from 0.326, found on 0.8"),
        ({"node": "crockery", "on": 0.5}, "hides what may be critical beside it"),
    ],
)
def test_what_is_out_of_bounds_is_refused_and_not_kept(
    asked: AskedThresholds, tmp_path: Path, wanted: dict[str, Any], problem: str
) -> None:
    with pytest.raises(RequestError, match=problem):
        ask(asked, **wanted)

    assert asked.is_empty
    assert not (tmp_path / FILE_NAME).exists()


def test_a_critical_one_may_go_as_far_up_as_the_settings_themselves(
    tmp_path: Path, bundle: Bundle
) -> None:
    mine = {"smoke_alarm": {"on": 0.985}}
    asked = AskedThresholds(tmp_path, settings_of(thresholds=mine), bundle)

    ask(asked, "smoke_alarm", 0.985)
    with pytest.raises(RequestError, match=r"to 0\.985"):
        ask(asked, "smoke_alarm", 0.986)


def test_what_stands_beside_nothing_critical_may_go_down(asked: AskedThresholds) -> None:
    ask(asked, "dog", 0.35)

    assert on_at(asked, "hall", "dog") == 0.35


def test_a_permission_that_is_taken_back_takes_the_thresholds_with_it(
    asked: AskedThresholds, bundle: Bundle, caplog: pytest.LogCaptureFixture
) -> None:
    ask(asked, "doorbell", 0.9)

    asked.follow(settings_of(is_allowed=False), bundle)

    assert asked.is_empty
    assert "settings forbid them" in caplog.text
    asked.follow(settings_of(), bundle)
    assert on_at(asked, "hall", "doorbell") == 0.9


def test_what_does_not_fit_new_settings_is_said_and_left_out(
    asked: AskedThresholds, bundle: Bundle, caplog: pytest.LogCaptureFixture
) -> None:
    ask(asked, "doorbell", 0.9, source="porch")
    ask(asked, "doorbell", 0.8)
    one_source = [{"name": "hall", **SOURCE}]

    asked.follow(settings_of(sources=one_source), bundle)

    assert on_at(asked, "hall", "doorbell") == 0.8
    assert "is not used: source: there is no 'porch'" in caplog.text


def test_what_names_a_node_that_is_no_more_can_be_taken_back(
    tmp_path: Path, bundle: Bundle, caplog: pytest.LogCaptureFixture
) -> None:
    kept = {"thresholds": [{"node": "of_a_former_bundle", "on": 0.9}]}
    (tmp_path / FILE_NAME).write_text(json.dumps(kept))
    asked = AskedThresholds(tmp_path, settings_of(), bundle)
    assert "it has no node 'of_a_former_bundle'" in caplog.text

    ask(asked, "of_a_former_bundle", None)

    assert json.loads((tmp_path / FILE_NAME).read_text()) == {"thresholds": []}
    with pytest.raises(RequestError, match="it has no node"):
        ask(asked, "of_a_former_bundle", None)


def test_a_disk_that_refuses_changes_nothing(tmp_path: Path, bundle: Bundle) -> None:
    asked = AskedThresholds(tmp_path / "not there", settings_of(), bundle)

    with pytest.raises(RequestError, match="nothing was changed"):
        ask(asked, "doorbell", 0.9)

    assert asked.is_empty


ENTRIES = st.lists(
    st.fixed_dictionaries(
        {
            "node": st.sampled_from(["smoke_alarm", "life_safety", "alarm", "doorbell", "x"]),
            "on": st.none() | st.floats(LEAST_ON, MOST_ON) | st.floats(),
        },
        optional={
            "off": st.floats(0, 1),
            "source": st.none() | st.sampled_from(["hall", "porch", "attic"]),
        },
    ),
    max_size=4,
)
KEPT = ENTRIES.map(lambda entries: json.dumps({"thresholds": entries}).encode())


@settings(max_examples=100, deadline=None)
@given(content=st.binary(max_size=60) | KEPT)
def test_whatever_the_disk_has_made_of_them_critical_ones_stay_within_their_bounds(
    tmp_path_factory: pytest.TempPathFactory, bundle: Bundle, content: bytes
) -> None:
    folder = tmp_path_factory.mktemp("state")
    (folder / FILE_NAME).write_bytes(content)

    asked = AskedThresholds(folder, settings_of(), bundle)

    for source in ("hall", "porch"):
        assert 0.95 <= on_at(asked, source, "smoke_alarm") <= 0.975
        assert 0.95 <= on_at(asked, source, "life_safety") <= 0.975
        doorbell = asked.at(source, "doorbell")
        assert doorbell is not None
        assert on_at(asked, source, "alarm") <= 0.9
        assert doorbell.off <= doorbell.on
