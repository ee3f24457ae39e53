"""Shares tests out between processes: each file to one, all files of a booted machine to one."""

from pathlib import PurePath

from xdist.scheduler import LoadScopeScheduling

ONE_MACHINE = ("booted", "home_assistant")
"""Folders whose files use a machine that takes minutes to make."""


class ByFile(LoadScopeScheduling):  # type: ignore[misc] # xdist has no py.typed marker
    """Schedules by file."""

    def _split_scope(self, nodeid: str) -> str:
        file = PurePath(nodeid.partition("::")[0])
        return str(file.parent if file.parent.name in ONE_MACHINE else file)
