"""What is claimed, as comparisons between cells: nothing here has seen a result."""

from collections.abc import Iterable

from training.experiments.grid import (
    ESC10_FOLDS,
    HOME_SEEDS,
    LABEL_PERCENTS,
    UNSEEN_LEAVES,
    Cell,
)
from training.experiments.methods import METHODS
from training.experiments.report.comparisons import Claim, Row, mean_over_depths, metric

CLOSE = 0.05
"""How much lower an accuracy may be and still be close."""

AT_ROOT = 0.05
"""Share of noises that may be named."""


def all_claims() -> tuple[Claim, ...]:
    """The claims of the report, in its order."""
    return (
        Claim(
            key="representation",
            title="Ontology and consistency beat self-supervised pretraining",
            statement="Ours (f) has a higher accuracy at the leaf than masked-spectrogram "
            "pretraining with a linear probe (c1) and with fine-tuning (c2).",
            rows=tuple(
                _row(dataset, percent, "tree_consistency", other)
                for dataset, percent in _settings()
                for other in ("masked_probe", "masked_finetune")
            ),
            unit="accuracy, ours minus self-supervised",
        ),
        Claim(
            key="few_labels",
            title="A tenth of the labels comes close to all of them",
            statement=f"Ours (f) with 10 % of the labels is at most {CLOSE:g} less accurate at "
            "the leaf than flat supervision (b) with all of them.",
            rows=tuple(
                Row(
                    title=f"{_name(dataset)}: f at 10 % against b at 100 %",
                    pairs=_pairs(dataset, ("tree_consistency", 10), ("flat_hierarchy", 100)),
                    figure=metric("accuracy"),
                    margin=CLOSE,
                )
                for dataset in ("esc10", "home")
            ),
            unit="accuracy, ours at 10 % minus flat at 100 %",
        ),
        _unseen(),
        Claim(
            key="noise",
            title="Noise, tones and silence are not named",
            statement=f"Ours (f) names nothing for at least {1 - AT_ROOT:g} of the clips of white "
            "noise, pure tones and silence, at the threshold chosen on dev.",
            rows=tuple(
                Row(
                    title=kind.replace("_", " "),
                    pairs=tuple(
                        (
                            Cell(
                                dataset="home",
                                method="tree_consistency",
                                label_percent=percent,
                                turn=seed,
                            ),
                            None,
                        )
                        for percent in LABEL_PERCENTS
                        for seed in HOME_SEEDS
                    ),
                    figure=metric("at_the_root", kind),
                    margin=AT_ROOT,
                )
                for kind in ("white_noise", "pure_tone", "silence")
            ),
            unit="share left unnamed, minus 1",
        ),
        Claim(
            key="tree",
            title="The tree alone makes better answers",
            statement="A tree of softmaxes (d) has a higher hierarchical F1 than a flat softmax "
            "whose leaves are summed (b); both answer the leaf of the least expected mistake.",
            rows=tuple(
                _row(
                    dataset,
                    percent,
                    "tree",
                    "flat_hierarchy",
                    figure=("least_risk", "hierarchical_f1"),
                )
                for dataset, percent in _settings()
            ),
            unit="hierarchical F1, tree minus flat",
        ),
        Claim(
            key="consistency",
            title="Consistency helps, with and without the tree",
            statement="Accuracy at the leaf is higher with consistency than without: f against d, "
            "and e against b on ESC-10.",
            rows=(
                *(
                    _row(dataset, percent, "tree_consistency", "tree")
                    for dataset, percent in _settings()
                ),
                *(
                    _row("esc10", percent, "flat_consistency", "flat_hierarchy")
                    for percent in LABEL_PERCENTS
                ),
            ),
            unit="accuracy, with minus without",
        ),
        _distortion(),
        Claim(
            key="mistakes",
            title="Mistakes are milder",
            statement="Over all test clips the lowest common ancestor of answer and truth stands "
            "lower for ours (f) than for leaf sums (b); both answer the leaf of the least expected "
            "mistake.",
            rows=tuple(
                _row(
                    dataset,
                    percent,
                    "tree_consistency",
                    "flat_hierarchy",
                    figure=("least_risk", "mean_height"),
                    is_less_better=True,
                )
                for dataset, percent in _settings()
            ),
            unit="height of the common ancestor, flat minus ours",
        ),
        Claim(
            key="calibration",
            title="Probabilities are truer, level by level on average",
            statement="The expected calibration error, mean over the levels of the tree, is lower "
            "for ours (f) than for leaf sums (b).",
            rows=tuple(
                Row(
                    title=f"{_name(dataset)} {percent} %: f against b",
                    pairs=_pairs(
                        dataset, ("tree_consistency", percent), ("flat_hierarchy", percent)
                    ),
                    figure=mean_over_depths("calibration_error_by_depth"),
                    is_less_better=True,
                )
                for dataset, percent in _settings()
            ),
            unit="calibration error, flat minus ours",
        ),
    )


def _distortion() -> Claim:
    return Claim(
        key="distortion",
        title="Answers stay the same under distortions",
        statement="Ours (f) answers more test clips with the same leaf, heard as they are and "
        "distorted (`agreement`), and more of the distorted ones rightly (`accuracy`), than the "
        "tree alone (d) and than leaf sums (b). Rooms, backgrounds and lines are others than those "
        "of training.",
        rows=tuple(
            _row(dataset, percent, "tree_consistency", other, figure=("distorted", figure))
            for figure in ("agreement", "accuracy")
            for other in ("tree", "flat_hierarchy")
            for dataset, percent in _settings()
        ),
        unit="share of clips, ours minus other",
    )


def _unseen() -> Claim:
    pairs = tuple(
        (
            Cell(
                dataset="home", method="tree_consistency", label_percent=100, turn=seed, unseen=leaf
            ),
            Cell(
                dataset="home", method="flat_hierarchy", label_percent=100, turn=seed, unseen=leaf
            ),
        )
        for leaf in UNSEEN_LEAVES
        for seed in HOME_SEEDS
    )
    return Claim(
        key="unseen",
        title="Unseen sounds are named with their super-category",
        statement="Of a leaf that no training clip holds, ours (f) names more clips with the right "
        "super-category, and gives fewer a wrong leaf, than leaf sums (b); the thresholds of "
        "both are chosen on dev by one rule.",
        rows=(
            Row(title="right super-category", pairs=pairs, figure=metric("unseen", "right")),
            Row(
                title="wrong leaf",
                pairs=pairs,
                figure=metric("unseen", "wrong_leaf"),
                is_less_better=True,
            ),
        ),
        unit="share of clips, better minus worse",
    )


def _row(
    dataset: str,
    percent: int,
    ours: str,
    other: str,
    *,
    figure: tuple[str, ...] = ("accuracy",),
    is_less_better: bool = False,
) -> Row:
    letters = f"{METHODS[ours].letter} against {METHODS[other].letter}"
    what = f" ({figure[-1]})" if figure[0] == "distorted" else ""
    return Row(
        title=f"{_name(dataset)} {percent} %: {letters}{what}",
        pairs=_pairs(dataset, (ours, percent), (other, percent)),
        figure=metric(*figure),
        is_less_better=is_less_better,
    )


def _pairs(
    dataset: str, ours: tuple[str, int], other: tuple[str, int]
) -> tuple[tuple[Cell, Cell | None], ...]:
    turns = ESC10_FOLDS if dataset == "esc10" else HOME_SEEDS
    return tuple(
        (
            Cell(dataset=dataset, method=ours[0], label_percent=ours[1], turn=turn),
            Cell(dataset=dataset, method=other[0], label_percent=other[1], turn=turn),
        )
        for turn in turns
    )


def _settings() -> Iterable[tuple[str, int]]:
    return [(dataset, percent) for dataset in ("esc10", "home") for percent in LABEL_PERCENTS]


def _name(dataset: str) -> str:
    return {"esc10": "ESC-10", "home": "home"}[dataset]
