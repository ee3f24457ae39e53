"""Settings of the local page."""

import ipaddress
from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from daemon.settings.metrics import IpAddress
from daemon.settings.part import SettingsPart


class WebSettings(SettingsPart):
    """Where the page can be looked at, and who may."""

    port: int = Field(
        default=8098,
        strict=True,
        ge=1,
        le=65535,
        description="a whole number from 1 to 65535, such as 8098",
    )
    address: IpAddress = Field(
        default="127.0.0.1",
        strict=True,
        description="the IP address of this machine at which to listen, 0.0.0.0 for all of them",
    )
    password_file: (
        Annotated[
            str,
            StringConstraints(strict=True, min_length=1, max_length=4096, pattern=r"^[^\x00]*$"),
        ]
        | None
    ) = Field(
        default=None,
        description="the path of a file that `aed web password` has made, or the name of a systemd "
        "credential, or null",
    )

    @model_validator(mode="after")
    def _whoever_comes_from_outside_needs_a_password(self) -> "WebSettings":
        if not self.is_loopback and self.password_file is None:
            raise ValueError(
                f"address: {self.address} lets the network in, which needs a password_file beside "
                f"it (`aed web password` makes one)"
            )
        return self

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can look at it."""
        return ipaddress.ip_address(self.address).is_loopback
