"""`python -m tests.soak`: listen for hours, then be killed hundreds of times; writes a report."""

import argparse
import json
import random
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from tests.soak.listening import HOUR_S, listen
from tests.system.kill_rounds import KillRounds
from tests.system.loudness_bundle import write_loudness_bundle


def main() -> int:
    """Run both; returns 1 if anything was missed, dropped, lost or stuck."""
    parser = argparse.ArgumentParser(prog="tests.soak", description=__doc__)
    parser.add_argument("--hours", type=float, default=1.0, help="of listening (1)")
    parser.add_argument("--rounds", type=int, default=200, help="how often to kill (200)")
    parser.add_argument("--seed", type=int, default=0, help="of the moments to kill at (0)")
    parser.add_argument("-o", "--output", type=Path, default=Path("build/soak.json"))
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="aed-soak-") as name:
        folder = Path(name)
        bundle = write_loudness_bundle(folder / "bundle")
        listening = listen(
            folder / "listening",
            bundle=bundle,
            duration_s=arguments.hours * HOUR_S,
            say=lambda line: print(line, file=sys.stderr, flush=True),
        )
        rng = random.Random(arguments.seed)  # noqa: S311 - moments, no secret
        kills = KillRounds(folder / "kills", bundle=bundle, rng=rng).run(arguments.rounds)
    report = {"listening": asdict(listening), "kills": asdict(kills)}
    text = json.dumps(report, indent=2)
    print(text)
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_text(text + "\n")
    is_well = (
        listening.missed + listening.unexpected + listening.dropped_lines + kills.waiting == 0
        and listening.exit_code == 0
        and listening.events > 0
        and not (kills.lost or kills.differing or kills.unended or kills.stuck)
    )
    return 0 if is_well else 1


if __name__ == "__main__":
    sys.exit(main())
