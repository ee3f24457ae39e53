"""The rooms of the project: who may import whom, what a start may load, how long a file may be."""

import ast
import importlib.metadata
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import aed.commands
from aed.__main__ import COMMANDS

ROOT = Path(__file__).parents[1]
MAY_IMPORT = {
    "ontology": {"ontology"},
    "aed": {"aed", "ontology"},
    "daemon": {"daemon", "aed", "ontology"},
    "training": {"training", "aed", "ontology"},
}
TRAINING_ONLY = {
    "torch",
    "torchaudio",
    "librosa",
    "scipy",
    "sklearn",
    "onnx",
    "onnxscript",
    "safetensors",
}
"""Packages of the `train` extra: the light runtime must do without them."""

MAX_LINES = 300
NAMELESS = {"utils", "util", "common", "helpers", "helper", "base", "manager", "types", "misc"}


def sources(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def imported(path: Path) -> Iterator[str]:
    """Every module that a file imports, wherever in the file it does."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or "")


def packages(path: Path) -> set[str]:
    return {module.split(".")[0] for module in imported(path)}


def is_composition_root(path: Path) -> bool:
    return path.is_relative_to(ROOT / "aed" / "commands")


def needs_training_extra(path: Path) -> bool:
    return path.is_relative_to(ROOT / "aed" / "model") or path.is_relative_to(ROOT / "training")


def ask_fresh_interpreter(code: str, cwd: Path, python_path: str = "") -> list[str]:
    """Lines that a new interpreter prints, one that does not look into its working directory."""
    result = subprocess.run(
        [sys.executable, "-P", "-c", code],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": python_path},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout.splitlines()


@pytest.mark.parametrize("path", sources(*MAY_IMPORT), ids=relative)
def test_a_room_imports_only_what_the_table_allows(path: Path) -> None:
    ours = packages(path) & {*MAY_IMPORT, "tests"}
    room = path.relative_to(ROOT).parts[0]

    assert ours <= (set(MAY_IMPORT) if is_composition_root(path) else MAY_IMPORT[room])


@pytest.mark.parametrize("path", sources(*MAY_IMPORT, "tests"), ids=relative)
def test_imports_are_absolute_and_files_short_and_named_for_their_purpose(path: Path) -> None:
    assert not any(module.startswith(".") for module in imported(path))
    assert path.read_text().count("\n") <= MAX_LINES
    assert path.stem not in NAMELESS


@pytest.mark.parametrize(
    "path",
    [path for path in sources("aed", "daemon", "ontology") if not needs_training_extra(path)],
    ids=relative,
)
def test_the_light_runtime_never_mentions_the_training_packages(path: Path) -> None:
    assert not packages(path) & TRAINING_ONLY


def test_threads_live_in_one_file_and_asyncio_in_the_page_alone() -> None:
    used = {relative(path): packages(path) for path in sources(*MAY_IMPORT)}

    # The one serves metrics, for whoever turns them on: what prometheus-client does, with limits.
    assert [path for path, names in used.items() if "threading" in names] == [
        "daemon/metrics/server.py"
    ]
    # The page serves browsers by asyncio, in a process of its own.
    with_asyncio = [path for path, names in used.items() if names & {"asyncio", "anyio", "_thread"}]
    assert [path for path in with_asyncio if not path.startswith("daemon/page/")] == []


def test_the_page_is_a_process_of_its_own_that_loads_nothing_that_hears(tmp_path: Path) -> None:
    loaded = ask_fresh_interpreter(
        "import sys, daemon.page.app, daemon.page.__main__; print(*sys.modules, sep='\\n')",
        tmp_path,
        str(ROOT),
    )
    by_daemon = ask_fresh_interpreter(
        "import sys, daemon.assembly; print(*sys.modules, sep='\\n')", tmp_path, str(ROOT)
    )

    assert "daemon.page.app" in loaded
    assert not {"onnxruntime", "pydantic", "daemon.settings.models", "aed.bundle"} & {*loaded}
    assert not [name for name in by_daemon if name.startswith(("daemon.page.", "starlette"))]


def test_everything_imports_without_portaudio_and_the_runtime_without_torch(
    tmp_path: Path,
) -> None:
    runtime = [
        module_name(path)
        for path in sources("aed", "daemon", "ontology")
        if not needs_training_extra(path)
    ]
    lines = ask_fresh_interpreter(
        f"import importlib, sys\n"
        f"for name in {runtime}: importlib.import_module(name)\n"
        f"print(*sys.modules, sep='\\n')",
        tmp_path,
        str(ROOT),
    )

    loaded = {line.split(".")[0] for line in lines}
    assert {"aed", "daemon", "ontology"} <= loaded
    assert not loaded & (TRAINING_ONLY | {"sounddevice", "amqtt"})


def test_a_daemon_that_serves_no_metrics_loads_nothing_for_them(tmp_path: Path) -> None:
    lines = ask_fresh_interpreter(
        "import sys, daemon.assembly; print(*sys.modules, sep='\\n')", tmp_path, str(ROOT)
    )

    assert not [line for line in lines if line.startswith("prometheus_client")]


@pytest.mark.skipif(
    not list(importlib.metadata.distributions(name="aed")),
    reason="aed runs from its folder here; `make test` installs it",
)
def test_a_fresh_interpreter_elsewhere_gets_our_daemon_and_not_python_daemons(
    tmp_path: Path,
) -> None:
    lines = ask_fresh_interpreter(
        "import aed, daemon, ontology, training\n"
        "print(*(m.__file__ for m in (aed, daemon, ontology, training)), sep='\\n')",
        tmp_path,
    )

    assert [Path(line).parent for line in lines] == [
        ROOT / room for room in ("aed", "daemon", "ontology", "training")
    ]


def test_every_command_with_a_file_is_offered() -> None:
    folder = Path(aed.commands.__path__[0])
    files = {path.stem for path in folder.glob("*.py")} | {
        path.parent.name for path in folder.glob("*/__init__.py")
    }

    offered = {str(getattr(command, "__name__", "")).split(".")[-1] for command in COMMANDS}
    assert offered == files - {"__init__"}
