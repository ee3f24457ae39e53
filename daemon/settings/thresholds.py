"""Settings of thresholds."""

from pydantic import Field, model_validator

from daemon.settings.part import SettingsPart
from ontology import LONGEST_DWELL_S, LONGEST_HOLD_S


class ThresholdSettings(SettingsPart):
    """What to change about the thresholds of a node; what is absent stays as it is."""

    on: float | None = Field(
        default=None, strict=True, gt=0, lt=1, description="a number between 0 and 1"
    )
    off: float | None = Field(
        default=None, strict=True, gt=0, lt=1, description="a number between 0 and 1"
    )
    dwell_s: float | None = Field(
        default=None,
        strict=True,
        ge=0,
        le=LONGEST_DWELL_S,
        description=f"a number of seconds from 0 to {LONGEST_DWELL_S:g}",
    )
    hold_s: float | None = Field(
        default=None,
        strict=True,
        ge=0,
        le=LONGEST_HOLD_S,
        description=f"a number of seconds from 0 to {LONGEST_HOLD_S:g}",
    )

    @model_validator(mode="after")
    def _off_is_not_above_on(self) -> "ThresholdSettings":
        if self.on is not None and self.off is not None and self.off > self.on:
            raise ValueError(f"off must not be above on, found off {self.off} and on {self.on}")
        return self
