"""`python -m tests.soak`: hours at home, hours of beeps, hundreds of faults; writes a report.

At the same time: the daemon as it ships hears a home at its own pace, and another one hears
recordings as fast as it can, is killed again and again, and loses its source and its broker.
"""

import argparse
import json
import random
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from pathlib import Path

from tests.soak.growth import HOUR_S
from tests.soak.listening import ListeningReport, listen
from tests.soak.living import LivingReport, live
from tests.soak.recovery import Recovery
from tests.soak.unplugging import unplug
from tests.system.kill_rounds import KillReport, KillRounds
from tests.system.loudness_bundle import write_loudness_bundle

FAST_SHARE = 0.1
"""Of the hours, spent on recordings that are heard as fast as possible."""

MOST_GROWTH_MIB_PER_HOUR = 1.0


def main() -> int:
    """Run all; returns 1 if anything grew, was missed, dropped, lost or stuck."""
    parser = argparse.ArgumentParser(prog="tests.soak", description=__doc__)
    parser.add_argument("--hours", type=float, default=1.0, help="at home (1)")
    parser.add_argument("--rounds", type=int, default=200, help="how often to kill (200)")
    parser.add_argument("--faults", type=int, default=20, help="how often other faults (20)")
    parser.add_argument("--seed", type=int, default=0, help="of the moments to kill at (0)")
    parser.add_argument("-o", "--output", type=Path, default=Path("build/soak.json"))
    arguments = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="aed-soak-") as name,
        ProcessPoolExecutor(max_workers=1) as beside,
    ):
        folder = Path(name)
        at_home = beside.submit(
            live, folder / "living", duration_s=arguments.hours * HOUR_S, say=_say
        )
        bundle = write_loudness_bundle(folder / "bundle")
        fast_s = arguments.hours * HOUR_S * FAST_SHARE
        listening = listen(folder / "listening", bundle=bundle, duration_s=fast_s, say=_say)
        rng = random.Random(arguments.seed)  # noqa: S311 - moments, no secret
        kills = KillRounds(folder / "kills", bundle=bundle, rng=rng).run(arguments.rounds)
        _say(f"killed {kills.rounds} times")
        recovery = Recovery(folder / "recovery", bundle=bundle).measure(arguments.faults)
        unplugging = unplug(folder / "unplugging", bundle=bundle, rounds=arguments.faults)
        living = at_home.result()
    report = {
        "living": asdict(living),
        "listening": asdict(listening),
        "kills": asdict(kills),
        "recovery": asdict(recovery),
        "unplugging": asdict(unplugging),
    }
    text = json.dumps(report, indent=2)
    print(text)
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_text(text + "\n")
    is_long = arguments.hours >= 1  # a shorter slope is noise
    return 0 if _is_well(living, listening, kills, is_long=is_long) else 1


def _is_well(
    living: LivingReport, listening: ListeningReport, kills: KillReport, *, is_long: bool
) -> bool:
    grows = is_long and living.growth.memory_mib_per_hour > MOST_GROWTH_MIB_PER_HOUR
    misses = living.told != living.scheduled or living.unscheduled or living.dropped_lines
    misses = misses or listening.missed + listening.unexpected + listening.dropped_lines
    loses = kills.lost or kills.differing or kills.unended or kills.stuck or kills.waiting
    has_ended_well = living.exit_code == listening.exit_code == 0 and listening.events > 0
    return not (grows or misses or loses) and has_ended_well


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
