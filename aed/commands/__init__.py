"""One file per command of `aed`: the only place that may import all four packages."""
