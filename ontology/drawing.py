"""An ontology as a picture: SVG text of its tree, for light and dark pages, without other files.

Each leaf has a row of its own, each level a column; a group stands at the middle of what is in it.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from xml.sax.saxutils import escape

from ontology.tree import Node, Ontology

_ROW_PX = 22
_FONT_PX = 13
_CHARACTER_PX = 7.2  # of the common sans-serif fonts at _FONT_PX, with some room
_BOLD = 1.2  # how much wider bold letters are
_LONGEST_SHOWN = 40
_GAP_PX = 60  # from the longest text of a level to the dots of the next
_DOT_PX = 4.5
_TEXT_PX = 11  # from the middle of a dot to its text
_MARGIN_PX = 24
_BAR_PX = 90.0
_LEGEND = (("critical", "critical alert"), ("alert", "alert"), ("plain", "no alert"))

_STYLE = f"""
text {{ font: {_FONT_PX}px system-ui, "Segoe UI", "DejaVu Sans", sans-serif; fill: #1f2328; }}
.title {{ font-size: 18px; font-weight: 600; }}
.group {{ font-weight: 600; }}
.quiet {{ fill: #59636e; font-weight: 400; }}
.warning {{ fill: #9a5b00; font-weight: 400; }}
.page {{ fill: #ffffff; }}
.branch {{ fill: none; stroke: #c4ccd4; stroke-width: 1.5; }}
.leader {{ stroke: #c4ccd4; stroke-dasharray: 1 5; }}
.bar {{ fill: #8fb8e8; }}
.plain {{ fill: #8c959f; }}
.alert {{ fill: #d9870b; }}
.critical {{ fill: #c62828; }}
@media (prefers-color-scheme: dark) {{
text {{ fill: #e6edf3; }}
.quiet {{ fill: #9aa4af; }}
.warning {{ fill: #e3b341; }}
.page {{ fill: #0d1117; }}
.branch, .leader {{ stroke: #3d444d; }}
.bar {{ fill: #2f5f97; }}
.plain {{ fill: #7d8590; }}
.alert {{ fill: #f0a83c; }}
.critical {{ fill: #ff6b63; }}
}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """What a picture says of a node beside its name.

    Attributes:
        text: written behind the name.
        is_warning: in the colour of warnings.
        share: of the longest bar, in [0, 1]; bars are drawn for leaves only.
    """

    text: str
    is_warning: bool = False
    share: float = 0.0


NO_REMARKS: Mapping[str, Remark] = MappingProxyType({})


def draw(
    tree: Ontology, remarks: Mapping[str, Remark] = NO_REMARKS, *, lines: Sequence[str] = ()
) -> str:
    """Returns an SVG document.

    Args:
        tree: what is drawn.
        remarks: by node id.
        lines: written below the title.
    """
    places = _places(tree, remarks)
    right_px = max(x_px + _TEXT_PX + _width_px(node, remarks) for node, (x_px, _) in places.items())
    has_bars = any(remark.share for remark in remarks.values())
    bars_px = right_px + 16
    title = f"{_clean(tree.name)}: {len(tree.nodes)} nodes"
    lines = [_clean(line) for line in lines]
    head = [
        f'<text class="title" x="{_MARGIN_PX}" y="36">{escape(title)}</text>',
        *(
            f'<text class="quiet" x="{_MARGIN_PX}" y="{60 + 20 * number}">{escape(line)}</text>'
            for number, line in enumerate(lines)
        ),
        *_legend(56 + 20 * len(lines)),
    ]
    body_px = 80 + 20 * len(lines)
    body = [
        _branch(places[node], places[child], _width_px(node, remarks))
        for node in tree.nodes
        for child in node.children
    ]
    body += [_node(node, *places[node], remarks.get(node.id)) for node in tree.nodes]
    for node, (x_px, y_px) in places.items():
        share = remarks[node.id].share if node.id in remarks else 0.0
        if node.is_leaf and share > 0:
            text_end_px = x_px + _TEXT_PX + _width_px(node, remarks)
            body.append(_bar(text_end_px, bars_px, y_px, share))
    words_px = max(_text_px(words) for words in (title * 2, "m" * 50, *lines))
    width_px = round(max(bars_px + has_bars * _BAR_PX, words_px + _MARGIN_PX) + _MARGIN_PX)
    height_px = round(body_px + max(y_px for _, y_px in places.values()) + _ROW_PX + _MARGIN_PX)
    size = f'width="{width_px}" height="{height_px}"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" role="img" {size}>',
            f"<title>{escape(title)}</title>",
            f"<style>{_STYLE}</style>",
            f'<rect class="page" {size}/>',
            *head,
            f'<g transform="translate(0 {body_px})">',
            *body,
            "</g>",
            "</svg>",
            "",
        ]
    )


def _places(tree: Ontology, remarks: Mapping[str, Remark]) -> dict[Node, tuple[float, float]]:
    """Where the dot of each node stands, in px from the left margin and below the head."""
    left_px = [float(_MARGIN_PX + _DOT_PX)]
    for depth in range(max(node.depth for node in tree.nodes)):
        widest = max(_width_px(node, remarks) for node in tree.nodes if node.depth == depth)
        left_px.append(left_px[-1] + widest + _GAP_PX)
    y_px: dict[Node, float] = {}
    below_px = 0.0
    for node in tree.nodes:
        if node.depth == 0 and below_px:
            below_px += _ROW_PX / 2
        if node.is_leaf:
            y_px[node] = below_px + _ROW_PX / 2
            below_px += _ROW_PX
    for node in reversed(tree.nodes):  # children are done before their parent
        if not node.is_leaf:
            y_px[node] = (y_px[node.children[0]] + y_px[node.children[-1]]) / 2
    return {node: (left_px[node.depth], y_px[node]) for node in tree.nodes}


def _branch(parent: tuple[float, float], child: tuple[float, float], text_px: float) -> str:
    start = parent[0] + _TEXT_PX + text_px + 6
    end = child[0] - _DOT_PX - 3
    middle = child[0] - _GAP_PX / 2 + 6
    return (
        f'<path class="branch" d="M{start:.1f} {parent[1]:.1f}H{middle - 12:.1f}'
        f"C{middle:.1f} {parent[1]:.1f} {middle - 12:.1f} {child[1]:.1f} {middle:.1f} "
        f'{child[1]:.1f}H{end:.1f}"/>'
    )


def _node(node: Node, x_px: float, y_px: float, remark: Remark | None) -> str:
    kind = "plain" if node.alert is None else "critical" if node.is_critical else "alert"
    more = _clean(" ".join([node.id, *node.audioset]))
    text = escape(_shown(node))
    if remark is not None:
        kind_of_text = "warning" if remark.is_warning else "quiet"
        text += f'<tspan class="{kind_of_text}" dx="7">{escape(_clean(remark.text))}</tspan>'
    return (
        f"<g><title>{escape(_clean(node.name))}: {escape(more)}</title>"
        f'<circle class="{kind}" cx="{x_px:.1f}" cy="{y_px:.1f}" r="{_DOT_PX}"/>'
        f'<text class="{"leaf" if node.is_leaf else "group"}" x="{x_px + _TEXT_PX:.1f}" '
        f'y="{y_px + 4.5:.1f}">{text}</text></g>'
    )


def _bar(text_end_px: float, x_px: float, y_px: float, share: float) -> str:
    return (
        f'<path class="leader" d="M{text_end_px + 8:.1f} {y_px:.1f}H{x_px - 4:.1f}"/>'
        f'<rect class="bar" x="{x_px:.1f}" y="{y_px - 5:.1f}" height="10" rx="2" '
        f'width="{max(1.0, share * _BAR_PX):.1f}"/>'
    )


def _legend(y_px: float) -> list[str]:
    parts, x_px = [], float(_MARGIN_PX)
    for kind, words in _LEGEND:
        parts.append(f'<circle class="{kind}" cx="{x_px + _DOT_PX}" cy="{y_px}" r="{_DOT_PX}"/>')
        parts.append(f'<text class="quiet" x="{x_px + 15}" y="{y_px + 4.5}">{words}</text>')
        x_px += 15 + _text_px(words) + 22
    return parts


def _width_px(node: Node, remarks: Mapping[str, Remark]) -> float:
    width_px = _text_px(_shown(node)) * (1.0 if node.is_leaf else _BOLD)
    remark = remarks.get(node.id)
    return width_px if remark is None else width_px + 7 + _text_px(_clean(remark.text))


def _text_px(text: str) -> float:
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in text)
    return (len(text) + wide) * _CHARACTER_PX


def _shown(node: Node) -> str:
    name = _clean(node.name)
    return name if len(name) <= _LONGEST_SHOWN else f"{name[: _LONGEST_SHOWN - 1]}…"


def _clean(text: str) -> str:
    """Replaces what XML cannot hold."""
    return "".join(
        "\ufffd" if unicodedata.category(character) in ("Cc", "Cs", "Cn") else character
        for character in text
    )
