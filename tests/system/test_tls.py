"""Encrypted connections: certificates that are trusted, and ones that are not."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.system.broker import Broker
from tests.system.conftest import StartDaemon

pytestmark = [
    pytest.mark.mosquitto,
    pytest.mark.torch,
    pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl (Debian package)"),
]


def make_authority(folder: Path, name: str) -> tuple[Path, Path]:
    """A certificate authority that signs itself; returns certificate and key."""
    certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}",
            "-keyout", str(key), "-out", str(certificate))  # fmt: skip
    return certificate, key


def sign(
    folder: Path,
    name: str,
    authority: tuple[Path, Path],
    *,
    hosts: str = "DNS:localhost,IP:127.0.0.1",
    days: int = 2,
) -> tuple[Path, Path]:
    """A certificate signed by an authority; returns certificate and key."""
    certificate, key, request = (folder / f"{name}.{end}" for end in ("pem", "key", "csr"))
    names = folder / f"{name}.ext"
    names.write_text(f"subjectAltName={hosts}\n")
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}",
            "-keyout", str(key), "-out", str(request))  # fmt: skip
    openssl("x509", "-req", "-in", str(request), "-CA", str(authority[0]), "-CAkey",
            str(authority[1]), "-CAcreateserial", "-days", str(days), "-extfile", str(names),
            "-out", str(certificate))  # fmt: skip
    return certificate, key


def openssl(*words: str) -> None:
    subprocess.run(["openssl", *words], check=True, capture_output=True, timeout=60)


def test_a_trusted_broker_is_used_and_an_untrusted_one_is_not(
    start_daemon: StartDaemon, tmp_path: Path
) -> None:
    authority = make_authority(tmp_path, "authority")
    stranger, _ = make_authority(tmp_path, "stranger")
    server, server_key = sign(tmp_path, "server", authority)
    client, client_key = sign(tmp_path, "client", authority)
    broker = Broker(
        tmp_path / "tls",
        settings=f"allow_anonymous true\ncafile {authority[0]}\ncertfile {server}\n"
        f"keyfile {server_key}\nrequire_certificate true\n",
    )
    broker.start()
    mqtt = {"host": "localhost", "port": broker.port}
    own = {"certificate_file": str(client), "key_file": str(client_key)}
    try:
        trusting = start_daemon(mqtt={**mqtt, "tls": {"ca_file": str(authority[0]), **own}})
        trusting.wait_for_log("connected to the broker at localhost")
        wary = start_daemon(mqtt={**mqtt, "tls": {"ca_file": str(stranger), **own}})
        wary.wait_for_log("certificate verify failed")
    finally:
        broker.stop()
