"""Settings of a training run: one YAML file is one run, and stands in its checkpoints."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from training.errors import TrainingDataError
from training.loop.consistency import ConsistencyConfig
from training.loop.distillation import DistillationConfig
from training.scenes.mixtures import MixtureConfig
from training.yaml_file import read_mapping

_RUNS = Path(__file__).parents[1] / "runs"
SHIPPED_RUNS = (_RUNS / "base.yaml", _RUNS / "mined.yaml")
"""Settings of the runs that made the shipped bundle, each from the weights of the one before."""

_RANGES: Mapping[str, tuple[float, float]] = {
    "seed": (0, 2**31),
    "steps": (1, 10**7),
    "batch_scenes": (1, 10**4),
    "warmup_steps": (0, 10**7),
    "scene_s": (1.0, 10.0),  # the front end hears at most ten seconds at once
    "weight": (0, 100),
    "threshold": (0.5, 1.0),
    "temperature": (0, 10),
    "ramp_steps": (0, 10**7),
}
"""Least and most of each number that is no share or decay (those lie within 0 to 1)."""

_PARTS = {
    "mixture": MixtureConfig,
    "consistency": ConsistencyConfig,
    "distillation": DistillationConfig,
}
"""Keys of a run that hold mappings."""

_ROUNDING = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class RunConfig:
    """Everything that decides what a run learns.

    Attributes:
        name: of the run and of its bundle.
        seed: of weights, scenes and their order.
        steps: optimiser steps; the learning rate falls to zero over them.
        batch_scenes: scenes a step.
        learning_rate: peak, after `warmup_steps`.
        weight_decay: of AdamW.
        average_decay: of the exponential mean of the weights, which is what is exported.
        depth_decay: weight of a branch is this to the power of its depth.
        held_out_share: share of the groups that no gradient sees.
        exclude_groups: further groups to leave out, for leave-one-group-out figures.
        hard_paths: recordings that an earlier run took for something critical, from
            `training.mining`.
        mixture: how scenes are drawn.
        consistency: how much is learned from the running mean of the weights.
        distillation: how much is learned from YAMNet; not together with consistency.
    """

    name: str = "home"
    seed: int = 1
    steps: int = 6_000
    batch_scenes: int = 24
    learning_rate: float = 2e-3
    warmup_steps: int = 300
    weight_decay: float = 0.02
    average_decay: float = 0.999
    depth_decay: float = 0.9
    held_out_share: float = 0.08
    exclude_groups: tuple[str, ...] = ()
    hard_paths: tuple[str, ...] = ()
    mixture: MixtureConfig = field(default_factory=MixtureConfig)
    consistency: ConsistencyConfig = field(default_factory=ConsistencyConfig)
    distillation: DistillationConfig = field(default_factory=DistillationConfig)

    def as_dict(self) -> dict[str, Any]:
        """Plain values, as they stand in a checkpoint."""
        return asdict(self)


def read_run(path: Path) -> RunConfig:
    """Read a run's YAML file.

    Raises:
        TrainingDataError: it cannot be read, has unknown keys, or values of the wrong type or
            range; every fault is told at once.
    """
    document = read_mapping(path)
    parts = {name: document.pop(name, {}) for name in _PARTS}
    faults = _faults(document, RunConfig(), "")
    for name, part in parts.items():
        faults += _faults(part, _PARTS[name](), f"{name}.")
    if faults:
        raise TrainingDataError("\n".join(f"{path}: {fault}" for fault in faults))
    config = run_of({**document, **parts})
    if config.consistency.weight > 0 and config.distillation.weight > 0:
        raise TrainingDataError(
            f"{path}: consistency.weight and distillation.weight are both above 0; a run has one "
            "teacher, set one of them to 0"
        )
    return config


def run_of(document: Mapping[str, Any]) -> RunConfig:
    """A run's settings from plain, already checked values, as `as_dict` gives them."""
    rest = {key: value for key, value in document.items() if key not in _PARTS}
    mixture = MixtureConfig(**_tuples(document.get("mixture", {})))
    return RunConfig(
        **_tuples(rest),
        mixture=mixture,
        consistency=ConsistencyConfig(**document.get("consistency", {})),
        distillation=DistillationConfig(**document.get("distillation", {})),
    )


def _faults(document: Any, default: object, prefix: str) -> list[str]:  # noqa: ANN401 - any YAML
    if not isinstance(document, dict):
        return [f"{prefix.rstrip('.')}: wanted a mapping, found {document!r}"]
    known = {entry.name: getattr(default, entry.name) for entry in fields(default)}  # type: ignore[arg-type]
    faults = []
    for key, value in document.items():
        if key not in known:
            faults.append(f"unknown key {prefix}{key}, known are {', '.join(sorted(known))}")
        elif problem := _problem(key, value, known[key]):
            faults.append(f"{prefix}{key}: {problem}, found {value!r}")
    return faults


def _problem(key: str, value: object, default: object) -> str | None:
    """What is wanted of a value, if it is something else."""
    if isinstance(default, tuple):
        wanted = type(default[0]) if default else str
        if not isinstance(value, list) or not all(_fits(item, wanted) for item in value):
            return f"wanted a list, each a {wanted.__name__}"
        if key == "counts" and not (
            all(0 <= item <= 1 for item in value) and abs(sum(value) - 1) < _ROUNDING
        ):
            return "wanted probabilities that add up to 1"
        return None
    if not _fits(value, type(default)):
        return f"wanted {type(default).__name__}"
    if isinstance(value, int | float):
        least, most = _RANGES.get(key, (0.0, 1.0))
        if not least <= value <= most:
            return f"wanted {least:g} to {most:g}"
    return None


def _fits(value: object, wanted: type) -> bool:
    if isinstance(value, bool):
        return wanted is bool
    return isinstance(value, wanted) or (wanted is float and isinstance(value, int))


def _tuples(document: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: tuple(value) if isinstance(value, list) else value for key, value in document.items()
    }
