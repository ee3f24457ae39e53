"""The model card that stands in a bundle: what it is, how it was made, how well it does."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from training.release.export import LICENCE, BundleFacts

CARD_NAME = "MODEL_CARD.md"
LICENCE_NAME = "LICENSE"
_LICENCE_TEXT = f"""The files in this folder are a trained model (weights, graph, description,
self-test). They are licensed under {LICENCE}
(Creative Commons Attribution-NonCommercial-ShareAlike 4.0 International):
https://creativecommons.org/licenses/by-nc-sa/4.0/legalcode

Attribution: the aed contributors, and the sources of the recordings listed in {CARD_NAME}.
"""


def write_card(bundle: Path, facts: BundleFacts) -> None:
    """Write the card of a bundle, and its licence, beside its weights."""
    training = facts.training
    text = f"""# Model card: {facts.name}

Weights under {LICENCE}, since some of the recordings that trained them are non-commercial. The
code has its own licence.

**What it is.** A causal streaming network with a decision tree over an ontology of sounds at home;
ten posteriors a second for each node. Made for alerts in private homes.

**What it is not.** A certified life-safety device. No smoke or CO alarm was recorded for its
training: it learned them from synthesised sound. Keep certified alarms, and test this one with
theirs.

**How it was made.** `aed train`: its last run, with the settings that stand in `bundle.yaml` under
`training`, took {training.get("steps_done", 0)} steps, from the weights of the runs before it
(those of the shipped model stand in `training/runs/`), on scenes mixed from the recordings below
and from sounds synthesised by `training/synthesis` (alarms, beeps, breaking glass, household
noises, rooms). Groups of recordings that stand in none of the scenes are kept for calibration and
thresholds.

**What it never heard.** These nodes had neither a recording nor a synthesised sound, so they are
there for the tree's sake and for later training:
{", ".join(facts.quality.get("untaught", ())) or "none"}.

## Average precision, clip by clip

Each clip is heard once; a node's score is its highest posterior. Development recordings (`dev`)
trained no weights, but thresholds were chosen on them.

{_precision_table(facts.quality)}

## Recordings that trained the weights

| source | licence | clips |
|---|---|---|
{_rows((row["source"], row["licence"], row["clips"]) for row in facts.data)}
"""
    (bundle / CARD_NAME).write_text(text, encoding="utf-8")
    (bundle / LICENCE_NAME).write_text(_LICENCE_TEXT, encoding="utf-8")


def _precision_table(quality: Mapping[str, Any]) -> str:
    dev = quality.get("average_precision_dev", {})
    both = quality.get("average_precision_dev_and_held_out", {})
    rows = (
        (node, f"{dev[node]:.3f}" if node in dev else "–", f"{both[node]:.3f}") for node in both
    )
    return f"| node | dev | dev and held-out groups |\n|---|---|---|\n{_rows(rows)}"


def _rows(rows: Iterable[Iterable[object]]) -> str:
    return "\n".join(f"| {' | '.join(map(str, row))} |" for row in rows)
