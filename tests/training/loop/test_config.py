import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aed.bundle import Bundle
from aed.model.front_end import FrontEndConfig
from aed.model.network import NetworkConfig
from training.errors import TrainingDataError
from training.loop.config import SHIPPED_RUNS, RunConfig, read_run, run_of
from training.loop.consistency import ConsistencyConfig
from training.loop.distillation import DistillationConfig
from training.scenes.mixtures import MixtureConfig

pytestmark = pytest.mark.torch

PARTS = (
    *MixtureConfig.__slots__,
    *ConsistencyConfig.__slots__,
    *DistillationConfig.__slots__,
)
KEYS = [*RunConfig().as_dict(), *PARTS, "stpes"]

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6) | st.dates()
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(scalars, inner),
    max_leaves=5,
)


def _read(path: Path, text: str) -> RunConfig:
    path.write_text(text, encoding="utf-8")
    return read_run(path)


def test_the_shipped_bundle_is_what_the_shipped_run_makes_of_todays_code(bundle: Bundle) -> None:
    network = yaml.safe_load(json.dumps(asdict(NetworkConfig())))  # tuples become lists

    assert run_of(bundle.info["training"]["run"]) == read_run(SHIPPED_RUNS[-1])
    assert bundle.info["architecture"]["network"] == network
    assert bundle.info["front_end"] == asdict(FrontEndConfig())


def test_what_a_file_does_not_say_stays_at_its_default(tmp_path: Path) -> None:
    config = _read(tmp_path / "run.yaml", "steps: 10\nmixture: {scene_s: 4}\n")

    assert config == replace(RunConfig(), steps=10, mixture=MixtureConfig(scene_s=4.0))
    assert config.mixture.samples == 64_000


def test_a_run_written_and_read_again_is_the_same(tmp_path: Path) -> None:
    config = RunConfig(
        name="other",
        seed=9,
        steps=77,
        learning_rate=1e-4,
        exclude_groups=("a:1", "b:2"),
        mixture=MixtureConfig(scene_s=5.0, counts=(0.5, 0.5)),
        consistency=ConsistencyConfig(weight=1.0, temperature=0.0),
        distillation=DistillationConfig(weight=0.0),
    )

    assert _read(tmp_path / "run.yaml", yaml.safe_dump(config.as_dict())) == config
    assert run_of(config.as_dict()) == config


def test_all_faults_are_told_at_once_with_their_keys(tmp_path: Path) -> None:
    text = """
stpes: 10
steps: many
batch_scenes: 0
learning_rate: 1e-3
held_out_share: .nan
seed: -1
exclude_groups: [1]
mixture: {scene_s: 20, bed_share: 1.5, counts: [0.5, 0.4], alarm_share: yes, glass: 1}
consistency: {weight: -1, threshold: 0.4, ramp_steps: 1.5, tau: 1}
"""
    path = tmp_path / "run.yaml"

    with pytest.raises(TrainingDataError) as raised:
        _read(path, text)

    lines = str(raised.value).splitlines()
    assert all(line.startswith(f"{path}: ") for line in lines)
    for part in (
        "unknown key stpes",
        "steps: wanted int, found 'many'",
        "batch_scenes: wanted 1 to",
        "learning_rate: wanted float, found '1e-3'",  # YAML 1.1 wants 1.0e-3
        "held_out_share: wanted 0 to 1, found nan",
        "seed: wanted 0 to",
        "exclude_groups: wanted a list, each a str, found [1]",
        "mixture.scene_s: wanted 1 to 10, found 20",
        "mixture.bed_share: wanted 0 to 1, found 1.5",
        "mixture.counts: wanted probabilities that add up to 1",
        "mixture.alarm_share: wanted float, found True",
        "unknown key mixture.glass",
        "consistency.weight: wanted 0 to 100, found -1",
        "consistency.threshold: wanted 0.5 to 1, found 0.4",
        "consistency.ramp_steps: wanted int, found 1.5",
        "unknown key consistency.tau",
    ):
        assert part in str(raised.value)
    assert len(lines) == 16


@pytest.mark.parametrize(
    "text", ["", "3", "- steps", "mixture: 3", "consistency: 3", "steps: !!int x", "a: ["]
)
def test_what_is_no_run_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(TrainingDataError, match=r"run\.yaml"):
        _read(tmp_path / "run.yaml", text)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainingDataError, match="No such file"):
        read_run(tmp_path / "none.yaml")


@settings(
    deadline=None, max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    document=st.dictionaries(st.sampled_from(KEYS), values),
    mixture=values | st.dictionaries(st.sampled_from(KEYS), values),
    consistency=values | st.dictionaries(st.sampled_from(KEYS), values),
)
def test_any_document_is_a_run_or_refused(
    tmp_path: Path, document: dict[str, object], mixture: object, consistency: object
) -> None:
    path = tmp_path / "run.yaml"
    try:
        config = _read(
            path, yaml.safe_dump(document | {"mixture": mixture, "consistency": consistency})
        )
    except TrainingDataError as error:
        assert str(path) in str(error)  # noqa: PT017 - either outcome is right
        return
    assert run_of(config.as_dict()) == config
    assert config.mixture.samples >= 16_000
