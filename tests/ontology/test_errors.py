"""The drawn tree of errors leaves none out and names none that is gone."""

import ast
import re
from pathlib import Path

import ontology.errors

ROOT = Path(__file__).parents[2]


def defined(room: str) -> set[str]:
    """Full names of the classes of a room whose base is `AedError`."""
    return {
        f"{'.'.join(path.relative_to(ROOT).with_suffix('').parts)}.{node.name}"
        for path in (ROOT / room).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
        and any(isinstance(base, ast.Name) and base.id == "AedError" for base in node.bases)
    }


def test_every_error_hangs_on_the_drawn_tree() -> None:
    drawn = re.findall(r"[├└]── ([\w.]+)", ontology.errors.__doc__ or "")

    full = {name if "." in name else f"ontology.errors.{name}" for name in drawn}
    assert full == set().union(*(map(defined, ("ontology", "aed", "daemon", "training"))))
