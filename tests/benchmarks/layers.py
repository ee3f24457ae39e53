"""Which layer of aed takes how much: measured from inside out, without a profiler."""

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from aed.audio import SAMPLE_RATE_HZ, AudioChunk
from tests.benchmarks.contestants import Samples

if TYPE_CHECKING:
    from aed.bundle import Bundle

ONNXRUNTIME = "front end, network and tree (onnxruntime)"
COPIES = "copies in and out (numpy)"
EDGES = "conditioning, blocks (numpy)"


def layers_ms_per_s(
    bundle: "Bundle", samples: Samples, hop_samples: int, rounds: int
) -> Mapping[str, list[float]]:
    """Measure the detector, its inference alone, and onnxruntime alone; give the differences.

    Args:
        bundle: what to hear with.
        samples: (S,) float32 at 16 kHz.
        hop_samples: samples per call.
        rounds: how often; a first round warms caches and does not count.

    Returns:
        Layer to milliseconds of processor time per second of audio, one for each round.
    """
    from aed.detector import StreamingDetector
    from aed.inference import HOP_SAMPLES

    detector = StreamingDetector(bundle)
    inference = bundle.new_stream()
    inference.run(samples[:hop_samples])
    # What the inference bound for blocks of this length: a call without anything around it.
    binding = inference._blocks[hop_samples // HOP_SAMPLES].bindings[0]

    def detect(block: Samples) -> None:
        detector.feed(AudioChunk(samples=block, sample_rate_hz=SAMPLE_RATE_HZ))

    def infer(block: Samples) -> None:
        inference.run(block)

    def call(_block: Samples) -> None:
        bundle.session.run_with_iobinding(binding)

    layers: dict[str, list[float]] = {ONNXRUNTIME: [], COPIES: [], EDGES: []}
    for number in range(rounds + 1):
        whole, inner, innermost = (
            _cost_ms_per_s(each, samples, hop_samples) for each in (detect, infer, call)
        )
        if number > 0:
            layers[ONNXRUNTIME].append(innermost)
            layers[COPIES].append(inner - innermost)
            layers[EDGES].append(whole - inner)
    return layers


def _cost_ms_per_s(hear: Callable[[Samples], None], samples: Samples, hop_samples: int) -> float:
    calls = len(samples) // hop_samples
    began_s = time.process_time()
    for number in range(calls):
        hear(samples[number * hop_samples : (number + 1) * hop_samples])
    spent_s = time.process_time() - began_s
    return 1000.0 * spent_s * SAMPLE_RATE_HZ / (calls * hop_samples)
