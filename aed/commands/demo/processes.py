"""Child processes of the demonstration: started with a log, always ended."""

import contextlib
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from ontology.errors import AedError

LOG_LINES_SHOWN = 20


class DemoError(AedError):
    """A part of the demonstration failed; the text ends with what that part last said."""


class Child:
    """A running part of the demonstration.

    Attributes:
        name: what it is, for people.
    """

    def __init__(self, name: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
        self.name = name
        self._process = process
        self._log = log

    def check(self) -> None:
        """Make sure that it still runs.

        Raises:
            DemoError: it has ended.
        """
        if (code := self._process.poll()) is not None:
            raise self.failure(f"ended with exit code {code} in the middle of the demonstration")

    def stop(self, patience_s: float) -> int:
        """Ask it to end (SIGTERM), insist (SIGKILL) when it does not.

        Args:
            patience_s: seconds from asking to insisting.

        Returns:
            Its exit code; negative when a signal ended it.
        """
        self._process.terminate()
        try:
            return self._process.wait(patience_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()

    def failure(self, problem: str) -> DemoError:
        """Build an error about this part that ends with the last lines of its log."""
        lines = self._log.read_text(errors="replace").splitlines()[-LOG_LINES_SHOWN:]
        said = "\n  ".join(["It last said:", *lines]) if lines else "It said nothing."
        return DemoError(f"{self.name} {problem}. {said}")


@contextlib.contextmanager
def running(
    name: str, command: Sequence[str], log: Path, *, shows_output: bool = False
) -> Iterator[Child]:
    """Run a process for the length of a `with` block.

    Args:
        name: what it is, for people.
        command: program and arguments.
        log: file for what it says on stderr, and on stdout unless that is shown.
        shows_output: its stdout goes to ours.

    Yields:
        The running process.
    """
    with (
        log.open("wb") as sink,
        subprocess.Popen(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=None if shows_output else sink,
            stderr=sink,
        ) as process,
    ):
        child = Child(name, process, log)
        try:
            yield child
        finally:
            if process.poll() is None:
                child.stop(patience_s=5.0)
