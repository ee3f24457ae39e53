"""What `aed run` ends with where a later start may fare better."""

import argparse
from pathlib import Path

import pytest
import yaml

from aed.commands.run import run
from aed.errors import BundleError
from daemon.settings.models import Settings
from tests.daemon.requests.test_asked_thresholds import settings_of


class Renamed:
    """A service that is told at once to begin anew under another name."""

    def run(self) -> Settings:
        return settings_of(node="renamed")


def test_former_settings_that_cannot_be_used_again_have_systemd_try_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []

    def assemble(settings: Settings, **_: object) -> Renamed:
        made.append(settings.node)
        if len(made) > 1:
            raise BundleError("the disk does not give it")
        return Renamed()

    monkeypatch.setattr("daemon.assembly.assemble", assemble)
    config = tmp_path / "settings.yaml"
    config.write_text(yaml.safe_dump(settings_of().model_dump(mode="json", exclude_unset=True)))

    with pytest.raises(BundleError) as caught:
        run(argparse.Namespace(config=config, verbose=False))

    assert made == ["test", "renamed", "test"]
    assert caught.value.exit_code == 1
