"""A drawn ontology is a picture any browser shows, whatever its names are."""

import re
from xml.etree import ElementTree as ET

from hypothesis import given, settings
from hypothesis import strategies as st

import ontology
from ontology.drawing import Remark, draw
from tests.ontology.plans import Plan, plans, to_yaml

SVG = "{http://www.w3.org/2000/svg}"
BARE = """\
version: 1
name: own
nodes:
  - id: alarm
    name: Alarm & more
    alert: {}
    children:
      - {id: smoke_alarm, name: Smoke <alarm>, alert: {critical: true}}
      - {id: bell, name: Bell}
"""


def dots(svg: str) -> dict[str, tuple[float, float, str]]:
    """Place and kind of each node's dot, by id."""
    found = {}
    for group in ET.fromstring(svg).iter(f"{SVG}g"):  # noqa: S314 - our own
        title, circle = group.find(f"{SVG}title"), group.find(f"{SVG}circle")
        if title is not None and circle is not None:
            id_ = (title.text or "").rsplit(": ", 1)[1].split()[0]
            place = (float(circle.attrib["cx"]), float(circle.attrib["cy"]))
            found[id_] = (*place, circle.attrib["class"])
    return found


def test_alerts_are_told_apart_and_names_stand_as_written() -> None:
    svg = draw(ontology.parse(BARE), {"bell": Remark(text="3 clips", share=0.5)}, lines=["a < b"])

    assert [kind for *_, kind in dots(svg).values()] == ["alert", "critical", "plain"]
    texts = {"".join(text.itertext()) for text in ET.fromstring(svg).iter(f"{SVG}text")}  # noqa: S314
    assert {"own: 3 nodes", "a < b", "Alarm & more", "Smoke <alarm>", "Bell3 clips"} <= texts
    assert svg.count('<rect class="bar"') == 1


def test_a_picture_needs_no_other_file_and_follows_the_page_into_the_dark() -> None:
    svg = draw(ontology.home())

    assert re.findall(r"https?://[^\"]+", svg) == ["http://www.w3.org/2000/svg"]
    assert not re.search(r"href|url\(|@import|<script", svg)
    assert "prefers-color-scheme: dark" in svg


@settings(deadline=None, max_examples=60)
@given(plans(), st.data())
def test_any_ontology_is_well_formed_and_nodes_keep_clear_of_each_other(
    plan: Plan, data: st.DataObject
) -> None:
    tree = ontology.parse(to_yaml(plan))
    texts = st.text(max_size=12)
    remarks = data.draw(
        st.dictionaries(
            st.sampled_from([node.id for node in tree.nodes]),
            st.builds(Remark, text=texts, is_warning=st.booleans(), share=st.floats(0, 1)),
        )
    )

    svg = draw(tree, remarks, lines=data.draw(st.lists(texts, max_size=2)))

    places = dots(svg)
    assert list(places) == [node.id for node in tree.nodes]
    assert len({places[node.id][1] for node in tree.nodes if node.is_leaf}) == sum(
        node.is_leaf for node in tree.nodes
    )
    for node in tree.nodes:
        for child in node.children:
            assert places[child.id][0] > places[node.id][0] + 60
    width, height = (float(ET.fromstring(svg).attrib[key]) for key in ("width", "height"))  # noqa: S314
    assert all(0 < x < width and 0 <= y < height for x, y, _ in places.values())
