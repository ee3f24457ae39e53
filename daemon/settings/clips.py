"""Settings of the clips."""

from typing import Literal

from pydantic import Field, model_validator

from daemon.settings.part import SettingsPart


class ClipSettings(SettingsPart):
    """Whether alerts are recorded, how long, and how much of that is kept."""

    before_s: float = Field(
        default=5.0, strict=True, ge=0, le=30, description="a number of seconds from 0 to 30"
    )
    after_s: float = Field(
        default=5.0, strict=True, ge=0, le=30, description="a number of seconds from 0 to 30"
    )
    longest_s: float = Field(
        default=60.0, strict=True, ge=5, le=300, description="a number of seconds from 5 to 300"
    )
    max_mb: int = Field(
        default=200,
        strict=True,
        ge=10,
        le=100_000,
        description="a whole number of megabytes from 10 to 100000",
    )
    max_age_days: int = Field(
        default=30,
        strict=True,
        ge=1,
        le=3650,
        description="a whole number of days from 1 to 3650",
    )
    speech: Literal["discard", "keep_critical"] = Field(
        default="discard",
        description="discard (no clip in which a person is heard), or keep_critical (but of "
        "critical sounds)",
    )

    @model_validator(mode="after")
    def _a_sound_fits_between(self) -> "ClipSettings":
        if self.longest_s < self.before_s + self.after_s + 1:
            raise ValueError(
                f"longest_s must leave a second for the sound itself: wanted at least "
                f"{self.before_s + self.after_s + 1:g}, found {self.longest_s:g}"
            )
        return self
