"""`index.html`: the figures, the pictures, and the worst cases to look at one by one."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from training.evaluation.sweep import FALSE_ALARMS
from training.evaluation.worst import WorstCase

PAGE_NAME = "index.html"

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 84rem; padding: 0 1rem;
  color-scheme: light dark; }
table { border-collapse: collapse; margin: 1rem 0; display: block; overflow-x: auto; }
th, td { padding: 0.25rem 0.5rem; border-bottom: 1px solid #8884; text-align: right; }
th:first-child, td:first-child { text-align: left; }
img { max-width: 100%; height: auto; background: white; }
figure { margin: 1rem 0; } figcaption { font-size: 0.9rem; }
.cases { display: grid; grid-template-columns: repeat(auto-fill, minmax(24rem, 1fr)); gap: 1rem; }
"""

_TOGETHER = ", of which the first may have chosen the thresholds"

_COLUMNS = (
    "node",
    "sounds",
    "hours without",
    *(f"recall at {count} false" for count in FALSE_ALARMS),
    "recall as shipped",
    "with super-category",
    "false alarms",
    "per hour, at most (95 %)",
    "delay, median",
    "delay, p95",
    "ECE",
    "event F1",
    "PSDS",
)


def write_page(
    figures: Mapping[str, Any],
    pictures: Mapping[str, str],
    cases: Mapping[str, Sequence[WorstCase]],
    out: Path,
) -> None:
    """Write the page.

    Args:
        figures: what stands in `evaluation.json`.
        pictures: title by file name.
        cases: the worst of each node.
        out: where it goes, beside the pictures.
    """
    hours = figures["hours"]
    parts = [
        "<h1>Evaluation</h1>",
        (
            f"<p>{figures['recordings']} recordings: {hours['recording']:.2f} hours as recorded, "
            f"{hours['mixture']:.2f} hours mixed; {figures['unreadable']} could not be read. "
            f"Halves: {' and '.join(figures['parts'])}"
            f"{_TOGETHER if len(figures['parts']) > 1 else ''}.</p>"
        ),
    ]
    for contestant in figures["contestants"]:
        parts += _contestant(contestant)
    parts += [
        f'<figure><img src="{escape(name)}" alt="{escape(title)}" loading="lazy">'
        f"<figcaption>{escape(title)}</figcaption></figure>"
        for name, title in pictures.items()
    ]
    for node, found in cases.items():
        parts += _cases(node, found)
    page = (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>aed evaluation</title>'
        '<meta name="viewport" content="width=device-width">'
        f"<style>{_STYLE}</style><body>{''.join(parts)}</body></html>\n"
    )
    (out / PAGE_NAME).write_text(page, encoding="utf-8")


def _contestant(contestant: Mapping[str, Any]) -> list[str]:
    rows = [_row(node, found) for node, found in contestant["nodes"].items()]
    parts = [
        f"<h2>{escape(contestant['name'])}</h2><p>{escape(contestant['model'])}</p>",
        _table(_COLUMNS, rows),
    ]
    if "wrong_critical_events" in contestant:
        parts.append(
            f"<p>Wrong critical events: {contestant['wrong_critical_events']} in "
            f"{contestant['hours_without_a_critical_node']} h, at most "
            f"{_told(contestant['wrong_critical_events_per_hour_upper_95'])} an hour (95 %).</p>"
        )
        listed = "".join(f"<li>{escape(each)}</li>" for each in contestant["wrong_critical_in"])
        parts.append(f"<ul>{listed}</ul>" if listed else "")
        depths = contestant["outcomes_by_depth"]
        outcomes = tuple(next(iter(depths.values()), ()))
        rows = [[depth, *map(str, counts.values())] for depth, counts in depths.items()]
        parts.append(_table(("depth of the true node", *outcomes), rows))
    return parts


def _row(node: str, found: Mapping[str, Any]) -> list[str]:
    shipped = found["shipped"] or {}
    keys = (
        "recall",
        "recall_with_super_category",
        "false_alarms",
        "false_alarms_per_hour_upper_95",
        "delay_median_s",
        "delay_p95_s",
    )
    return [
        node,
        str(found["sounds"]),
        _told(found["hours_without"]),
        *(_told(found["recall_at_false_alarms"][str(count)]) for count in FALSE_ALARMS),
        *(_told(shipped.get(key)) for key in keys),
        *(_told(found[key]) for key in ("calibration_error", "event_f1", "psds")),
    ]


def _table(heads: Iterable[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(each)}</th>" for each in heads)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _cases(node: str, found: Sequence[WorstCase]) -> list[str]:
    parts = []
    for kind in ("missed", "false alarm"):
        own = [case for case in found if case.kind == kind]
        if not own:
            continue
        title = "quietest of its sounds" if kind == "missed" else "loudest where it does not sound"
        parts.append(f"<h2>{escape(node)}: {title}</h2><div class='cases'>")
        parts += [
            f'<figure><img src="{escape(case.picture)}" loading="lazy" '
            f'alt="{escape(f"spectrogram of {case.name}")}"><figcaption>{case.score:.2f} '
            f"at {case.at_s:.1f} s: {escape(case.name)}</figcaption></figure>"
            for case in own
        ]
        parts.append("</div>")
    return parts


def _told(value: float | None) -> str:
    return "–" if value is None else f"{value:g}"
