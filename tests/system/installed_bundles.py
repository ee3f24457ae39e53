"""Bundles in the state directory of a daemon, and `aed bundle` beside it."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

from aed.bundle_description import DESCRIPTION_FILE, read_description
from daemon.bundles.store import BundleStore, folder_name
from daemon.mqtt.topics import Topics
from tests.aed.spoiling import describe, with_key
from tests.system.broker import Subscriber
from tests.system.daemon_process import ROOT, DaemonProcess

_TOPICS = Topics(node="test")


def put_in_place(state: Path, bundle: Path, *, is_proven: bool) -> str:
    """Install without asking anybody; returns the folder's name."""
    info, digest = read_description(bundle)
    name = folder_name(info["name"], digest)
    store = BundleStore(state)
    with store.lock():
        store.bring_in(bundle, name, {**info["files"], DESCRIPTION_FILE: digest})
        store.make_current(name)
        store.note(name, is_proven=is_proven)
    return name


def named(folder: Path, loudness: Path, name: str) -> Path:
    """The loudness bundle by another name."""
    shutil.copytree(loudness, folder)
    describe(folder, with_key("name", name))
    return folder


def aed(daemon: DaemonProcess, *words: str) -> tuple[int, str]:
    """Run `aed bundle`; returns its exit code and what it said."""
    done = subprocess.run(
        [sys.executable, "-m", "aed", "bundle", *words, "--config", str(daemon.settings_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def models(subscriber: Subscriber) -> list[str]:
    """Models in the order in which `info` named them, repetitions left out."""
    told = [json.loads(info) for info in subscriber.topic(_TOPICS.info)]
    names = [info["model"].split("@")[0] for info in told]
    return [name for name, before in zip(names, [None, *names], strict=False) if name != before]


def problem(subscriber: Subscriber) -> str:
    """The problem that `health` told of last; empty before."""
    told = subscriber.topic(_TOPICS.health)
    return str(json.loads(told[-1])["problem"]) if told else ""
