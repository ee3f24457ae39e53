"""What the cache of decoded clips holds, and deleting what nobody opens any more.

`python -m training.clips.cache` lists the banks; with `--prune DAYS` it deletes those that no run
opened for so many days. A run that has one open keeps it; the next that needs it decodes again.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from aed.audio import SAMPLE_RATE_HZ
from ontology import AedError
from training.clips.bank_files import PARTIAL_SUFFIX, BankFiles, exclusive

DEFAULT_CACHE = Path("build/cache")
_DAY_S = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CachedBank:
    """One bank of a cache.

    Attributes:
        files: where it stands.
        clips: how many it holds, None if it is not whole.
        duration_h: hours of sound.
        size_bytes: on disk.
        unused_days: since a run last opened it.
    """

    files: BankFiles
    clips: int | None
    duration_h: float
    size_bytes: int
    unused_days: float


def cached_banks(cache: Path, *, now_s: float) -> list[CachedBank]:
    """All banks of a cache, the one that was opened last first.

    Args:
        cache: the folder; one that is not there holds nothing.
        now_s: the time, in seconds since the epoch.
    """
    stems = {path.with_suffix("") for path in cache.glob("clips-*") if _belongs(path)}
    banks = []
    for stem in stems:
        files = BankFiles(stem=stem)
        bounds = files.whole_bounds()
        present = [path.stat() for path in (files.samples, files.bounds) if path.exists()]
        if not present:
            continue  # deleted this very moment
        samples = int(bounds[-1, 1]) if bounds is not None and len(bounds) else 0
        banks.append(
            CachedBank(
                files=files,
                clips=None if bounds is None else len(bounds),
                duration_h=samples / SAMPLE_RATE_HZ / 3_600,
                size_bytes=sum(stat.st_size for stat in present),
                unused_days=(now_s - max(stat.st_mtime for stat in present)) / _DAY_S,
            )
        )
    return sorted(banks, key=lambda bank: (bank.unused_days, bank.files.stem))


def prune(cache: Path, *, unused_days: float, now_s: float) -> list[CachedBank]:
    """Delete banks that were not opened for `unused_days`, and what killed processes left.

    Returns:
        What was deleted.
    """
    with exclusive(cache):
        for path in cache.glob(f"clips-*{PARTIAL_SUFFIX}"):
            path.unlink()
        old = [bank for bank in cached_banks(cache, now_s=now_s) if bank.unused_days >= unused_days]
        for bank in old:
            bank.files.bounds.unlink(missing_ok=True)  # first: what is left is no bank
            bank.files.samples.unlink(missing_ok=True)
    return old


def table(banks: Sequence[CachedBank]) -> str:
    """Lines for a terminal: name, clips, hours, size and days since it was opened."""
    lines = [f"{'bank':<24} {'clips':>8} {'hours':>7} {'MB':>8} {'unused days':>12}"]
    for bank in banks:
        clips = "broken" if bank.clips is None else str(bank.clips)
        lines.append(
            f"{bank.files.stem.name:<24} {clips:>8} {bank.duration_h:7.1f} "
            f"{bank.size_bytes / 1e6:8.0f} {bank.unused_days:12.1f}"
        )
    total_mb = sum(bank.size_bytes for bank in banks) / 1e6
    return "\n".join([*lines, f"{len(banks)} banks, {total_mb:.0f} MB"])


def _belongs(path: Path) -> bool:
    return path.suffix in (".i16", ".npy") and not path.stem.endswith(".partial")


def main(arguments: Sequence[str] | None = None) -> int:
    """List the banks of decoded clips, or delete those that nobody opens any more."""
    parser = argparse.ArgumentParser(
        prog="python -m training.clips.cache", description=main.__doc__
    )
    parser.add_argument("--cache", type=Path, default=DEFAULT_CACHE, metavar="DIR")
    parser.add_argument(
        "--prune", type=float, metavar="DAYS", help="delete banks not opened for so many days"
    )
    options = parser.parse_args(arguments)
    try:
        if options.prune is None:
            print(table(cached_banks(options.cache, now_s=time.time())))
        else:
            deleted = prune(options.cache, unused_days=options.prune, now_s=time.time())
            print("deleted:")
            print(table(deleted))
    except AedError as error:
        print(f"cache: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
