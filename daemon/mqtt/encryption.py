"""TLS to the broker: which certificates count, and whether their files can be used at all."""

import ssl

from daemon.settings.models import TlsSettings
from daemon.settings.yaml_lines import KeyPath


def client_context(settings: TlsSettings) -> ssl.SSLContext:
    """Make what a connection needs; the broker must prove its name.

    Raises:
        OSError: a file cannot be read, or is no certificate or key (`ssl.SSLError`).
        ValueError: the key needs a password.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if settings.ca_file is None:
        context.load_default_certs()
    else:
        context.load_verify_locations(settings.ca_file)
    if settings.certificate_file is not None:
        # A key with a password would ask for it on the terminal.
        context.load_cert_chain(settings.certificate_file, settings.key_file, password=_no_password)
    return context


def unusable_files(settings: TlsSettings) -> list[tuple[KeyPath, str]]:
    """List files that can be read but are not what they should be, with what is wrong.

    Args:
        settings: whose files exist.

    Returns:
        Key path below `tls` and problem of each.
    """
    certificate, key = settings.certificate_file, settings.key_file
    authorities = TlsSettings(ca_file=settings.ca_file)
    own = TlsSettings(certificate_file=certificate, key_file=key)
    faults: list[tuple[KeyPath, str]] = []
    if settings.ca_file is not None and (reason := _why_unusable(authorities)):
        wanted = f"wanted a PEM file of certificates, found {str(settings.ca_file)!r}"
        faults.append((("ca_file",), f"{wanted}: {reason}"))
    if certificate is not None and (reason := _why_unusable(own)):
        wanted = f"wanted a PEM file of a certificate whose key is in {str(key or certificate)!r}"
        found = f"without a password, found {str(certificate)!r}"
        faults.append((("certificate_file",), f"{wanted} {found}: {reason}"))
    return faults


def _why_unusable(settings: TlsSettings) -> str | None:
    try:
        client_context(settings)
    except ssl.SSLError as error:
        return (error.reason or str(error)).lower().replace("_", " ")
    except (OSError, ValueError) as error:
        return str(error)
    return None


def _no_password() -> str:
    raise ValueError("the key needs a password")
