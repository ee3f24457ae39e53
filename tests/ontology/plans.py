"""Generated ontologies as plain values: what files are written from and compared with."""

import yaml
from hypothesis import strategies as st

from ontology import LONGEST_DWELL_S, LONGEST_HOLD_S, PATTERNS, Node, Ontology
from ontology.audioset import audioset_classes

Plan = dict[str, object]
"""A file's content, or that of one of its nodes, in the order of its keys."""

ids = st.from_regex(r"[a-z][a-z0-9_]{0,11}", fullmatch=True)
texts = (
    st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1, max_size=20)
    .map(str.strip)
    .filter(bool)
)
languages = st.sampled_from(["de", "fr", "no", "pt-BR", "gsw"])
dwells_s = st.floats(0.0, LONGEST_DWELL_S) | st.integers(0, int(LONGEST_DWELL_S))
holds_s = st.floats(0.0, LONGEST_HOLD_S) | st.integers(0, int(LONGEST_HOLD_S))


@st.composite
def alerts(draw: st.DrawFn) -> Plan:
    """Draws an alert policy with any of its keys."""
    on_threshold = draw(st.floats(0.01, 1.0, exclude_max=True))
    keys: dict[str, st.SearchStrategy[object]] = {
        "critical": st.booleans(),
        "pattern": st.lists(st.sampled_from(PATTERNS), unique=True),
        "on_threshold": st.just(on_threshold),
        "off_threshold": st.floats(0.0, on_threshold, exclude_min=True),
        "dwell_s": dwells_s,
        "hold_s": holds_s,
    }
    empty: dict[str, st.SearchStrategy[object]] = {}
    return draw(st.fixed_dictionaries(empty, optional=keys))


@st.composite
def plans(draw: st.DrawFn, max_nodes: int = 25, max_depth: int = 12) -> Plan:
    """Draws the content of a valid file."""
    names = draw(st.lists(ids, min_size=1, max_size=max_nodes, unique=True))
    top_level: list[Plan] = []
    drawn: list[tuple[Plan, int]] = []
    for id_ in names:
        node: Plan = {"id": id_, "name": draw(texts)}
        if draw(st.booleans()):
            node["names"] = draw(st.dictionaries(languages, texts, max_size=2))
        if draw(st.booleans()):
            classes = st.sampled_from(list(audioset_classes()))
            node["audioset"] = draw(st.lists(classes, max_size=3, unique=True))
        others = [name for name in names if name != id_]
        if draw(st.booleans()) and others:
            node["see_also"] = draw(st.lists(st.sampled_from(others), max_size=2, unique=True))
        if draw(st.booleans()):
            node["alert"] = draw(alerts())
        possible = [(parent, depth) for parent, depth in drawn if depth < max_depth]
        parent, depth = draw(st.sampled_from([(None, 0), *possible]))
        siblings = top_level if parent is None else parent.setdefault("children", [])
        assert isinstance(siblings, list)
        siblings.append(node)
        drawn.append((node, depth + 1))
    return {"version": 1, "name": draw(texts), "nodes": top_level}


def to_yaml(plan: object) -> str:
    """Writes a plan as a file."""
    return yaml.safe_dump(plan, sort_keys=False, allow_unicode=True)


def plan_of(ontology: Ontology) -> Plan:
    """Reads a plan back from a loaded ontology, with every key."""
    roots = [_plan_of_node(root) for root in ontology.roots]
    return {"version": ontology.version, "name": ontology.name, "nodes": roots}


def complete(plan: Plan) -> Plan:
    """Adds the keys that a file may leave out, with what they mean then."""
    nodes = plan["nodes"]
    assert isinstance(nodes, list)
    return {**plan, "nodes": [_complete_node(node) for node in nodes]}


def _plan_of_node(node: Node) -> Plan:
    alert = node.alert
    return {
        "id": node.id,
        "name": node.name,
        "names": dict(node.names),
        "audioset": list(node.audioset),
        "see_also": list(node.see_also),
        "alert": None
        if alert is None
        else {
            "critical": alert.critical,
            "pattern": list(alert.pattern),
            "on_threshold": alert.on_threshold,
            "off_threshold": alert.off_threshold,
            "dwell_s": alert.dwell_s,
            "hold_s": alert.hold_s,
        },
        "children": [_plan_of_node(child) for child in node.children],
    }


def _complete_node(node: Plan) -> Plan:
    alert = node.get("alert")
    if isinstance(alert, dict):
        blank = dict.fromkeys(("on_threshold", "off_threshold", "dwell_s", "hold_s"))
        alert = {"critical": False, "pattern": [], **blank, **alert}
    children = node.get("children", [])
    assert isinstance(children, list)
    return {
        "names": {},
        "audioset": [],
        "see_also": [],
        **node,
        "alert": alert,
        "children": [_complete_node(child) for child in children],
    }
