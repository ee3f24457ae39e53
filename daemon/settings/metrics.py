"""Settings of the metrics."""

import ipaddress
from typing import Annotated

from pydantic import AfterValidator, Field

from daemon.settings.part import SettingsPart


def _is_ip_address(address: str) -> str:
    """A name would have to be looked up, which may take longer than a main loop may wait."""
    try:
        ipaddress.ip_address(address)
    except ValueError:
        raise ValueError("wanted an IP address such as 127.0.0.1, found something else") from None
    if "%" in address:
        raise ValueError("wanted an IP address without a zone, found one with %")
    return address


IpAddress = Annotated[str, AfterValidator(_is_ip_address)]


class MetricsSettings(SettingsPart):
    """Where Prometheus may fetch metrics."""

    port: int = Field(
        strict=True, ge=1, le=65535, description="a whole number from 1 to 65535, such as 9877"
    )
    address: IpAddress = Field(
        default="127.0.0.1",
        strict=True,
        description="the IP address of this machine at which to listen, 0.0.0.0 for all of them",
    )
