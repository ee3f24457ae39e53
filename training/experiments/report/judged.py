"""Claims beside the cells that decide them."""

from collections.abc import Mapping
from dataclasses import dataclass

from training.experiments.cells import Result
from training.experiments.report.comparisons import Claim, Row
from training.experiments.report.verdicts import Comparison, Verdict, compare, overall


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedRow:
    """A comparison with its figures.

    Attributes:
        row: what is compared.
        ours: figure of the claimed method in each pair that is there.
        others: figure of the other, or the ideal.
        comparison: of the two.
        wanted: how many pairs there should be.
    """

    row: Row
    ours: tuple[float, ...]
    others: tuple[float, ...]
    comparison: Comparison
    wanted: int


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedClaim:
    """A claim with its verdict.

    Attributes:
        claim: what is claimed.
        rows: its comparisons.
        results: the cells that were used, by name.
    """

    claim: Claim
    rows: tuple[JudgedRow, ...]
    results: Mapping[str, Result]

    @property
    def verdict(self) -> Verdict:
        """Of all comparisons together."""
        return overall(row.comparison.verdict for row in self.rows)


def judge_claim(claim: Claim, results: Mapping[str, Result]) -> JudgedClaim:
    """Put a claim before the cells there are."""
    rows = tuple(_judged(row, results) for row in claim.rows)
    names = {cell.name for row in claim.rows for pair in row.pairs for cell in pair if cell}
    used = {name: result for name, result in results.items() if name in names}
    return JudgedClaim(claim=claim, rows=rows, results=used)


def _judged(row: Row, results: Mapping[str, Result]) -> JudgedRow:
    ours, others, ratios = [], [], []
    for our_cell, other_cell in row.pairs:
        mine = _figure(row, our_cell.name, results)
        theirs = row.ideal if other_cell is None else _figure(row, other_cell.name, results)
        if mine is not None and theirs is not None:
            ours.append(mine)
            others.append(theirs)
            data = results[our_cell.name].data
            ratios.append(data["test_clips"] / data["train_clips"])
    sign = -1.0 if row.is_less_better else 1.0
    differences = [sign * (mine - theirs) for mine, theirs in zip(ours, others, strict=True)]
    comparison = compare(
        differences,
        margin=row.margin,
        is_complete=len(differences) == len(row.pairs),
        test_to_train=sum(ratios) / max(len(ratios), 1),
    )
    return JudgedRow(
        row=row,
        ours=tuple(ours),
        others=tuple(others),
        comparison=comparison,
        wanted=len(row.pairs),
    )


def _figure(row: Row, name: str, results: Mapping[str, Result]) -> float | None:
    return row.figure(results[name]) if name in results else None
