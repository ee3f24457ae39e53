"""A data folder small enough for tests: some dozen synthesised clips and their manifest."""

from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from training.synthesis.catalogue import render_node
from training.synthesis.household import draw_household, render_household
from training.synthesis.rooms import draw_room, render_room

COLUMNS = ("path", "label", "split", "use", "source", "group", "licence", "duration_s")
HELD_OUT_SHARE = 0.3
"""With it some of the groups below are held out, and most are not."""

_NODES = {
    "glass_breaking": "window_glass",
    "doorbell": "doorbell",
    "dishes": "dishes",
    "speech": "speech",
    "smoke_alarm": "smoke_alarm",
}
_ROWS = (
    *(("glass_breaking", "train", "ship", number) for number in range(7)),
    *(("doorbell", "train", "ship", number) for number in range(7)),
    *(("dishes", "train", "ship", number) for number in range(6)),
    *(("noise", "train", "ship", number) for number in range(6)),
    *(("rir", "train", "ship", number) for number in range(2)),
    ("speech", "train", "research", 0),
    *(("glass_breaking", "dev", "ship", number) for number in (20, 21)),
    *(("smoke_alarm", "dev", "research", number) for number in (20, 21)),
    *(("speech", "dev", "ship", number) for number in (20, 21)),
    ("rir", "dev", "ship", 20),
)


def write_tiny_data(folder: Path) -> Path:
    """Write clips of a second each and `manifest.tsv`; the same in every call."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = ["\t".join(COLUMNS)]
    for index, (label, split, use, number) in enumerate(_ROWS):
        samples = _render(label, np.random.default_rng([7, index]))
        path = f"{label}-{number}.wav"
        soundfile.write(folder / path, samples, 16_000)
        duration_s = f"{len(samples) / 16_000:.2f}"
        row = (path, label, split, use, "made", f"made:{label}-{number}", "CC0-1.0", duration_s)
        lines.append("\t".join(row))
    (folder / "manifest.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def _render(label: str, rng: np.random.Generator) -> NDArray[np.float32]:
    if label == "rir":
        return 0.5 * render_room(draw_room(rng), rng)
    if label == "noise":
        return render_household(draw_household(rng, None), 1.0, rng).samples
    samples = render_node(_NODES[label], 1.5, rng).samples
    loudest = int(np.abs(samples).argmax())
    start = min(max(0, loudest - 4_000), 8_000)
    return samples[start : start + 16_000]
