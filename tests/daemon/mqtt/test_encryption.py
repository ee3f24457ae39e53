"""Files for TLS that exist, and are not what they should be."""

import shutil
import ssl
import subprocess
from pathlib import Path

import pytest

from daemon.errors import SettingsError
from daemon.mqtt.encryption import client_context
from daemon.settings.file import load_settings
from daemon.settings.models import TlsSettings


def load(folder: Path, tls: str) -> None:
    file = folder / "settings.yaml"
    file.write_text(
        f"node: n\nmqtt:\n  host: b\n  tls:\n{tls}sources: [{{kind: microphone, name: mic}}]\n"
    )
    load_settings(file)


def test_files_that_are_no_certificates_are_all_named_with_their_line(tmp_path: Path) -> None:
    for name in ("ca.pem", "own.pem", "own.key"):
        (tmp_path / name).write_text("not a certificate")

    with pytest.raises(SettingsError) as caught:
        load(
            tmp_path, "    ca_file: ca.pem\n    certificate_file: own.pem\n    key_file: own.key\n"
        )

    authority, own = (str(fault) for fault in caught.value.faults)
    assert f"{tmp_path / 'settings.yaml'}:5: mqtt.tls.ca_file: wanted a PEM file of" in authority
    assert "settings.yaml:6: mqtt.tls.certificate_file: wanted a PEM file of a cert" in own
    assert f"{str(tmp_path / 'own.key')!r}" in own


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl (Debian package)")
def test_a_key_with_a_password_is_refused_instead_of_asking_for_it(tmp_path: Path) -> None:
    key, certificate = tmp_path / "own.key", tmp_path / "own.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-passout", "pass:hunter2", "-days", "2",
         "-subj", "/CN=own", "-keyout", str(key), "-out", str(certificate)],
        check=True, capture_output=True, timeout=60,
    )  # fmt: skip

    with pytest.raises(SettingsError, match="the key needs a password"):
        load(tmp_path, "    certificate_file: own.pem\n    key_file: own.key\n")
    load(tmp_path, "    ca_file: own.pem\n")


def test_the_broker_must_prove_its_name() -> None:
    context = client_context(TlsSettings())

    assert context.check_hostname
    assert context.verify_mode is ssl.CERT_REQUIRED
