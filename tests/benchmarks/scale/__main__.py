"""Measures what the number of nodes costs; writes `build/scale.json` and a picture."""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.benchmarks.scale.plot import draw
from tests.benchmarks.scale.trees import AUDIOSET_NODES

NODES = (10, 100, AUDIOSET_NODES, 2_000)
ROOT = Path(__file__).parents[3]


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.scale", description=__doc__)
    parser.add_argument("--nodes", type=int, nargs="+", default=NODES, help="default: %(default)s")
    parser.add_argument("--out", type=Path, default=Path("build/scale.json"))
    parser.add_argument("--picture", type=Path, default=Path("docs/images/scale.png"))
    options = parser.parse_args()
    rows = [measure(nodes) for nodes in options.nodes]
    for path in (options.out, options.picture):
        path.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(rows, indent=2) + "\n")
    draw(rows, options.picture)
    _show(rows)
    print(f"Written: {options.out}, {options.picture}")
    return 0


def measure(nodes: int) -> dict[str, Any]:
    """All figures of a tree of so many nodes, each part in a process of its own.

    Raises:
        subprocess.CalledProcessError: a part failed; its own message went to stderr.
    """
    with tempfile.TemporaryDirectory() as folder:
        graph = Path(folder) / "model.onnx"
        return {
            "nodes": nodes,
            **_part("learning", str(nodes), str(graph)),
            **_part("hearing", str(graph)),
        }


def _part(name: str, *words: str) -> dict[str, Any]:
    command = [sys.executable, "-m", f"tests.benchmarks.scale.{name}", *words]
    answer = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, Any] = json.loads(answer.stdout.splitlines()[-1])
    return found


def _show(rows: Sequence[dict[str, Any]]) -> None:
    columns = [key for key in rows[0] if key != "nodes"]
    table = Table("", *(f"{row['nodes']:,} nodes" for row in rows))
    for key in columns:
        table.add_row(key, *(f"{row[key]:.4g}" for row in rows))
    Console(highlight=False).print(table)


if __name__ == "__main__":
    sys.exit(main())
