"""Turns a trained model into a bundle: ONNX graph, weights, ontology, self-test and hashes.

Axes: B clips, S samples, T posterior frames, N ontology nodes.
"""

import hashlib
import logging
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
import yaml
from numpy.typing import NDArray
from safetensors.torch import save
from torch import Tensor, nn

from aed.audio import SAMPLE_RATE_HZ
from aed.bundle_description import canonical_digest
from aed.model.front_end import MAX_FRAMES_PER_CALL
from aed.model.joint import JointModel
from aed.model.level import levels_dbfs
from training.release.onnx_columns import with_quick_columns
from training.release.onnx_shapes import with_constant_shapes

FORMAT_VERSION = 2
FRAME_SAMPLES = 1_600
LICENCE = "CC BY-NC-SA 4.0"
ONNX_OPSET = 18

_OUTPUTS = ("logits", "embedding", "log_mel", "posteriors", "level_dbfs")

_logger = logging.getLogger(__name__)
for _chatty in ("onnxscript", "onnx_ir", "torch.onnx"):  # they log every rewrite of the graph
    logging.getLogger(_chatty).setLevel(logging.ERROR)


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleFacts:
    """What a bundle says beside its weights.

    Attributes:
        name: of the model.
        scale: calibration of the conditional logits, by node; 1 where it is missing.
        bias: likewise; 0 where it is missing.
        thresholds: `default` and any node to `on`, `off`, `dwell_s`, `hold_s`.
        quality: measured figures, each with the command that measured it.
        data: one row for each source that trained the weights, with its licence.
        training: how the weights came to be: settings of the run, seed, steps.
    """

    name: str
    scale: Mapping[str, float] = field(default_factory=dict)
    bias: Mapping[str, float] = field(default_factory=dict)
    thresholds: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    quality: Mapping[str, Any] = field(default_factory=dict)
    data: Sequence[Mapping[str, Any]] = ()
    training: Mapping[str, Any] = field(default_factory=dict)


class _Streamed(nn.Module):
    """The joint model, calibrated, with its states as flat inputs and outputs, as ONNX wants."""

    def __init__(self, model: JointModel) -> None:
        super().__init__()
        self.model = model

    def forward(
        self, audio: Tensor, scale: Tensor, bias: Tensor, *states: Tensor
    ) -> tuple[Tensor, ...]:
        """Run one call of a stream."""
        output = self.model(audio, list(states))
        posteriors = self.model.head.posteriors(output.logits, scale, bias)
        level = levels_dbfs(audio, frame_samples=FRAME_SAMPLES)
        return (
            output.logits,
            output.embedding,
            output.log_mel,
            posteriors,
            level,
            *output.states,
        )


def export_onnx(model: JointModel, path: Path) -> None:
    """Write the streaming graph of the bundle's format.

    Inputs are `audio`, `scale` and `bias` (calibration, which the bundle's description holds) and
    `state_<k>`; outputs `logits`, `embedding`, `log_mel`, `posteriors`, `level_dbfs` and
    `next_state_<k>`.
    """
    states = model.initial_states(2)
    nodes = len(model.labels)
    names = [f"state_{index}" for index in range(len(states))]
    clips = torch.export.Dim("clips", min=1, max=64)
    frames = torch.export.Dim("frames", min=1, max=MAX_FRAMES_PER_CALL)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter warns about its own dependencies
        program = torch.onnx.export(
            _Streamed(model.eval()),
            (torch.zeros(2, 3 * FRAME_SAMPLES), torch.ones(nodes), torch.zeros(nodes), *states),
            dynamo=True,
            verbose=False,
            opset_version=ONNX_OPSET,
            input_names=["audio", "scale", "bias", *names],
            output_names=[*_OUTPUTS, *(f"next_{name}" for name in names)],
            dynamic_shapes={
                "audio": {0: clips, 1: FRAME_SAMPLES * frames},
                "scale": {},
                "bias": {},
                "states": tuple({0: clips} for _ in names),
            },
        )
    if program is None:
        raise RuntimeError("torch.onnx.export returned no program")
    graph = program.model_proto
    with_constant_shapes(graph)
    with_quick_columns(graph)
    graph.producer_name = "aed"
    for node in graph.graph.node:  # stack traces of the machine that exported
        del node.metadata_props[:]
        node.doc_string = ""
    del graph.graph.metadata_props[:]
    for value in [*graph.graph.value_info, *graph.graph.input, *graph.graph.output]:
        del value.metadata_props[:]
    onnx.checker.check_model(graph)
    path.write_bytes(graph.SerializeToString())


def calibrated_posteriors(
    model: JointModel, facts: BundleFacts, audio: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Posteriors (T, N) of a clip (S,), S a multiple of 1600, as the bundle must give them."""
    nodes = model.labels.nodes
    scale = torch.tensor([facts.scale.get(node, 1.0) for node in nodes])
    bias = torch.tensor([facts.bias.get(node, 0.0) for node in nodes])
    logits = model.eval().stream_logits(torch.from_numpy(audio))
    posteriors: NDArray[np.float32] = model.head.posteriors(logits, scale, bias).numpy()
    return posteriors


def export_bundle(
    model: JointModel, facts: BundleFacts, self_test_audio: NDArray[np.float32], folder: Path
) -> None:
    """Write a bundle folder; what stood in it under the same names is replaced.

    Args:
        model: the trained model; put into evaluation mode.
        facts: what `bundle.yaml` says.
        self_test_audio: (S,) float32 at 16 kHz, synthesised; cut to whole posterior frames.
        folder: made if it does not exist.
    """
    folder.mkdir(parents=True, exist_ok=True)
    export_onnx(model, folder / "model.onnx")
    weights = {name: value.contiguous() for name, value in model.state_dict().items()}
    (folder / "weights.safetensors").write_bytes(save(weights))
    ontology = model.labels.ontology
    (folder / "ontology.yaml").write_text(ontology.source, encoding="utf-8")
    audio = self_test_audio[: len(self_test_audio) // FRAME_SAMPLES * FRAME_SAMPLES]
    posteriors = calibrated_posteriors(model, facts, audio)
    np.savez_compressed(folder / "selftest.npz", audio=audio, posteriors=posteriors)

    names = ("model.onnx", "weights.safetensors", "ontology.yaml", "selftest.npz")
    files = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names}
    front_end = asdict(model.config.front_end)
    front_end["sample_rate_hz"] = SAMPLE_RATE_HZ
    description = {
        "format_version": FORMAT_VERSION,
        "name": facts.name,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "licence": LICENCE,
        "architecture": {
            "network": _plain(asdict(model.config.network)),
            "parameters": sum(parameter.numel() for parameter in model.parameters()),
            "nodes": len(model.labels.nodes),
        },
        "front_end": front_end,
        "ontology_digest": ontology.digest,
        "calibration": {"scale": dict(facts.scale), "bias": dict(facts.bias)},
        "thresholds": {node: dict(values) for node, values in facts.thresholds.items()},
        "training": _plain(dict(facts.training)),
        "quality": _plain(dict(facts.quality)),
        "data": [dict(row) for row in facts.data],
        "files": files,
    }
    description["digest"] = canonical_digest(description)
    text = yaml.safe_dump(description, sort_keys=False, allow_unicode=True)
    (folder / "bundle.yaml").write_text(text, encoding="utf-8")
    size_mb = sum(path.stat().st_size for path in folder.iterdir()) / 1e6
    _logger.info("bundle %s written, %.1f MB", folder, size_mb)


def _plain(value: Any) -> Any:  # noqa: ANN401 - any tree of plain values, as YAML takes it
    """Replace tuples by lists and numbers of numpy by Python's."""
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    return value.item() if isinstance(value, np.generic) else value
