"""Measures aed beside YAMNet, prints tables, writes `build/bench.json`."""

import argparse
import importlib.metadata
import json
import platform
import sys
from pathlib import Path

from rich.console import Console

from aed.bundle import default_bundle_path, load_bundle
from tests.benchmarks.contestants import (
    DAEMON_CALLS_PER_S,
    aed_contestants,
    yamnet_contestants,
    yamnet_folder,
)
from tests.benchmarks.cost import costs_ms_per_s
from tests.benchmarks.daemon_cost import daemon_costs
from tests.benchmarks.fresh import start
from tests.benchmarks.hot_spots import hot_spots
from tests.benchmarks.layers import layers_ms_per_s
from tests.benchmarks.report import Results, as_json, show
from training.synthesis.rendered import SAMPLE_RATE_HZ
from training.synthesis.scene import home_scene
from training.yamnet import YAMNET_FILE


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--bundle", type=Path, help="default: the one that aed itself takes")
    parser.add_argument("--rounds", type=int, default=9, help="default: %(default)s")
    parser.add_argument("--starts", type=int, default=5, help="default: %(default)s")
    parser.add_argument("--out", type=Path, default=Path("build/bench.json"))
    options = parser.parse_args()
    results = measure(
        options.bundle or default_bundle_path(), rounds=options.rounds, starts=options.starts
    )
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(as_json(results), indent=2) + "\n")
    show(results, Console(highlight=False))
    print(f"Written: {options.out}")
    return 0


def measure(bundle_path: Path, *, rounds: int, starts: int) -> Results:
    """Measure everything.

    Args:
        bundle_path: the bundle that aed hears with.
        rounds: rounds of processor time.
        starts: fresh processes of each.
    """
    bundle = load_bundle(bundle_path)
    peer = yamnet_folder()
    hop_samples = SAMPLE_RATE_HZ // DAEMON_CALLS_PER_S
    scene = home_scene()
    contestants = [*aed_contestants(bundle), *yamnet_contestants(peer)]
    places = {"aed": bundle_path} | ({} if peer is None else {"yamnet": peer})
    files = {"aed": bundle_path / "model.onnx"}
    if peer is not None:
        files["yamnet"] = peer / YAMNET_FILE
    return Results(
        machine=machine(),
        audio=f"the {scene.duration_s:.0f} s of `aed demo`, 16 kHz",
        contestants=contestants,
        costs=costs_ms_per_s(contestants, scene.samples, rounds),
        starts={who: [start(who, where) for _ in range(starts)] for who, where in places.items()},
        daemons=daemon_costs(bundle_path, scene.samples),
        model_bytes={who: file.stat().st_size for who, file in files.items()},
        layers=layers_ms_per_s(bundle, scene.samples, hop_samples, rounds),
        hot_spots=hot_spots(bundle, scene.samples, hop_samples),
    )


def machine() -> dict[str, str]:
    """What the figures depend on besides the code."""
    cpus = Path("/proc/cpuinfo")
    names = [
        line.partition(":")[2].strip()
        for line in (cpus.read_text().splitlines() if cpus.exists() else [])
        if line.startswith("model name")
    ]
    return {
        "processor": names[0] if names else platform.machine(),
        "Python": platform.python_version(),
        "onnxruntime": importlib.metadata.version("onnxruntime"),
        "ai-edge-litert": importlib.metadata.version("ai-edge-litert"),
    }


if __name__ == "__main__":
    sys.exit(main())
