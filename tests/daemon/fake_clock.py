"""A clock that tests turn by hand."""


class FakeClock:
    """Both clocks begin at values that are easy to read in a failure."""

    def __init__(self) -> None:
        self.boot_id = "this boot"
        self.wall = 1_700_000_000.0
        self.boottime = 1_000.0

    def wall_s(self) -> float:
        return self.wall

    def boottime_s(self) -> float:
        return self.boottime

    def advance(self, seconds: float) -> None:
        self.wall += seconds
        self.boottime += seconds
