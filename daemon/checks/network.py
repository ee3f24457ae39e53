"""The way to the broker: its name, its port, its encryption; each by itself, so that one knows."""

import ipaddress
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

from daemon.checks.finding import Finding, Verdict, skipped
from daemon.mqtt.encryption import client_context
from daemon.settings.models import MqttSettings, TlsSettings

STAGES = ("dns", "tcp", "tls")

LOOKUP_LIMIT_S = 10.0
CONNECT_LIMIT_S = 8.0
"""For all addresses of the broker together."""

TLS_LIMIT_S = 8.0
OBJECTION_S = 0.5
"""A broker of TLS 1.3 says only after the handshake that it wants a certificate of ours."""

SOON_DAYS = 14

_DAY_S = 86_400.0
_CLOCK = "look whether this machine's clock is right (`timedatectl`)"


def check_network(settings: MqttSettings) -> Iterator[Finding]:
    """Go to the broker as far as one gets, without a word of MQTT.

    Args:
        settings: where it is, and how to encrypt.

    Yields:
        A finding for each of `STAGES`.
    """
    began_s = time.monotonic()
    addresses, finding = _look_up(settings)
    yield _timed(finding, began_s)
    if not addresses:
        yield from skipped("tcp", "tls", reason="the broker's name leads nowhere")
        return
    began_s = time.monotonic()
    address, finding = _connect(settings, addresses)
    yield _timed(finding, began_s)
    if address is None:
        yield from skipped("tls", reason="the broker cannot be reached")
    elif settings.tls is None:
        yield from skipped("tls", reason="the settings want no encryption (mqtt.tls)")
    else:
        began_s = time.monotonic()
        yield _timed(_encrypt(settings, settings.tls, address), began_s)


def _timed(finding: Finding, began_s: float) -> Finding:
    return replace(finding, took_s=time.monotonic() - began_s)


def _look_up(settings: MqttSettings) -> tuple[list[str], Finding]:
    host = settings.host
    try:
        ipaddress.ip_address(host)
    except ValueError:
        pass
    else:
        return [host], skipped("dns", reason=f"{host} is an address already")[0]
    words = [sys.executable, "-m", "daemon.checks.lookup", host, str(settings.port)]
    try:
        done = subprocess.run(
            words, capture_output=True, text=True, timeout=LOOKUP_LIMIT_S, check=False
        )
    except subprocess.TimeoutExpired:
        return [], _failed(
            "dns",
            f"nobody says within {LOOKUP_LIMIT_S:.0f} s what address {host!r} has",
            "look whether this machine has a network and a name server (`resolvectl status`), or "
            "put the broker's IP address into mqtt.host",
        )
    lines = done.stdout.splitlines()
    if done.returncode or not lines:
        reason = lines[-1] if lines else f"exit code {done.returncode}"
        remedy = f"look whether mqtt.host is spelled right (`getent hosts {host}`)"
        if host.endswith(".local"):
            remedy += "; names in .local need the package libnss-mdns"
        return [], _failed(
            "dns", f"{host!r} has no address: {reason}", f"{remedy}; or put its IP address there"
        )
    return lines, Finding(stage="dns", verdict=Verdict.OK, found=f"{host} is {', '.join(lines)}")


def _connect(settings: MqttSettings, addresses: Sequence[str]) -> tuple[str | None, Finding]:
    port = settings.port
    deadline_s = time.monotonic() + CONNECT_LIMIT_S
    problems: list[str] = []
    for number, address in enumerate(addresses):
        share_s = (deadline_s - time.monotonic()) / (len(addresses) - number)
        try:
            socket.create_connection((address, port), timeout=max(0.5, share_s)).close()
        except TimeoutError:
            problems.append(f"{address} port {port}: no answer")
            remedy = (
                "look whether the broker's machine is on, whether the port is right, and whether "
                "a firewall drops what comes"
            )
        except OSError as error:
            problems.append(f"{address} port {port}: {error.strerror or error}")
            remedy = (
                "look whether the broker runs and mqtt.port is right; Mosquitto hears other "
                f"machines only with a line `listener {port}` in its settings"
                if isinstance(error, ConnectionRefusedError)
                else "look whether this machine has a network that leads there (`ip route`)"
            )
        else:
            found = f"{address} port {port} takes connections"
            return address, Finding(stage="tcp", verdict=Verdict.OK, found=found)
    return None, _failed("tcp", "; ".join(problems), remedy)


def _encrypt(settings: MqttSettings, tls: TlsSettings, address: str) -> Finding:
    host = settings.host
    try:
        with (
            socket.create_connection((address, settings.port), timeout=TLS_LIMIT_S) as plain,
            client_context(tls).wrap_socket(plain, server_hostname=host) as secure,
        ):
            expires = str((secure.getpeercert() or {}).get("notAfter", ""))
            version = secure.version()
            _wait_for_objection(secure)
    except ssl.SSLCertVerificationError as error:
        fault = f"the broker's certificate is not accepted: {error.verify_message}"
        return _failed("tls", fault, _remedy_of_certificate(error, host))
    except TimeoutError:
        return _failed("tls", "it takes connections but does not answer in TLS", _no_tls(settings))
    except ssl.SSLError as error:
        reason = (error.reason or str(error)).lower().replace("_", " ")
        if "certificate required" in reason or "handshake failure" in reason:
            remedy = "it wants a certificate of ours: mqtt.tls.certificate_file and key_file"
            return _failed("tls", f"the broker refuses us: {reason}", remedy)
        return _failed("tls", f"it does not speak TLS as we do: {reason}", _no_tls(settings))
    except OSError as error:
        return _failed("tls", f"it ends the connection: {error.strerror}", _no_tls(settings))
    left_days = (ssl.cert_time_to_seconds(expires) - time.time()) / _DAY_S
    found = f"{version}, the certificate is good for {host} and {left_days:.0f} days"
    if left_days < SOON_DAYS:
        found += ": renew it before it expires, or aed will not connect any more"
    return Finding(stage="tls", verdict=Verdict.OK, found=found)


def _wait_for_objection(secure: ssl.SSLSocket) -> None:
    """Give the broker the time to say that it does not like us; it says nothing else unasked."""
    secure.settimeout(OBJECTION_S)
    try:
        if not secure.recv(1):
            raise ConnectionError(None, "it was closed right after the handshake")
    except TimeoutError:
        return


def _remedy_of_certificate(error: ssl.SSLCertVerificationError, host: str) -> str:
    text = error.verify_message.lower()
    if "expired" in text:
        return f"renew the broker's certificate; or {_CLOCK}"
    if "not yet valid" in text:
        return _CLOCK
    if "mismatch" in text or "not valid for" in text:
        return (
            f"put into mqtt.host the name that the certificate is for instead of {host!r}, or give "
            f"the broker a certificate for {host!r}"
        )
    return "put the certificate of the authority that signed the broker's into mqtt.tls.ca_file"


def _no_tls(settings: MqttSettings) -> str:
    return (
        f"look whether port {settings.port} is the broker's encrypted one (usually 8883), or leave "
        f"mqtt.tls out"
    )


def _failed(stage: str, fault: str, remedy: str) -> Finding:
    return Finding(stage=stage, verdict=Verdict.FAILED, faults=(fault,), remedy=remedy)
