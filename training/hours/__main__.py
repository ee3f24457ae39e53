"""`python -m training.hours`: fetches the hours, mixes scenes of them."""

import argparse
import os
import sys
from pathlib import Path

from rich.console import Console

from ontology.errors import AedError
from training.clips.manifest import read_manifest
from training.debian.packages import LEARNED_LIST, MEASURED_LIST, read_packages, refuse_heard
from training.hours.fetch import fetch
from training.hours.mix import MixConfig, mix


def main() -> int:
    """Do what is asked; 1 if it cannot be done."""
    parser = argparse.ArgumentParser(prog="python -m training.hours", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    data = os.environ.get("AED_DATA")
    for name, summary in (
        ("fetch", "download Debian packages and make recordings of their sounds"),
        ("mix", "mix home scenes of these recordings and of dev clips"),
    ):
        command = commands.add_parser(name, help=summary)
        command.add_argument("--data", type=Path, default=Path(data) if data else None)
        command.add_argument("--out", type=Path, required=True, metavar="DIR")
    fetching = commands.choices["fetch"]
    fetching.add_argument("--list", type=Path, default=MEASURED_LIST, help="of packages")
    fetching.add_argument("--debs", type=Path, help="where packages are kept (default: OUT/debs)")
    mixing = commands.choices["mix"]
    mixing.add_argument("--recordings", type=Path, required=True, help="folder of fetch")
    mixing.add_argument("--cache", type=Path, default=Path("build/cache"))
    mixing.add_argument("--hours", type=float, default=14.0, help="of negatives")
    mixing.add_argument("--seed", type=int, default=1)
    mixing.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args()
    if arguments.data is None:
        parser.error("give --data DIR, or set AED_DATA to a folder with a manifest.tsv")
    console = Console(stderr=True)
    try:
        return (
            _fetch(arguments, console) if arguments.command == "fetch" else _mix(arguments, console)
        )
    except AedError as error:
        print(f"aed: {error}", file=sys.stderr)
        return 1


def _fetch(arguments: argparse.Namespace, console: Console) -> int:
    packages = read_packages(arguments.list)
    sources = [row.source for row in read_manifest(arguments.data)]
    sources += [package.source for package in read_packages(LEARNED_LIST)]
    refuse_heard(packages, sources, "models are trained on them")
    arguments.out.mkdir(parents=True, exist_ok=True)
    found = fetch(packages, arguments.out, console, debs=arguments.debs)
    hours: dict[str, float] = {}
    for each in found:
        kind = each.package.kind
        hours[kind] = hours.get(kind, 0.0) + each.hours
        for fault in each.faults:
            console.print(fault, markup=False, highlight=False, soft_wrap=True)
    told = ", ".join(f"{kind} {hours[kind]:.2f} h" for kind in sorted(hours))
    print(f"{len(found)} of {len(packages)} packages, {sum(hours.values()):.2f} hours: {told}")
    print(f"{sum(len(each.faults) for each in found)} files could not be decoded")
    return 0


def _mix(arguments: argparse.Namespace, console: Console) -> int:
    config = MixConfig(
        data=arguments.data,
        cache=arguments.cache,
        recordings=arguments.recordings,
        out=arguments.out,
        hours=arguments.hours,
        seed=arguments.seed,
    )
    made = mix(config, console, jobs=arguments.jobs)
    events = sum(any(sound.snr_db is not None for sound in each.sounds) for each in made)
    print(f"{len(made)} scenes: {arguments.hours:g} hours without anything critical, {events} with")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
