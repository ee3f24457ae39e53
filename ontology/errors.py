"""The root of all errors of this project, and the ontology's own.

AedError                                 everything a user can do something about
├── OntologyError                        an ontology file is wrong (carries every fault found)
├── aed.errors.BundleError               a model bundle cannot be used
├── aed.errors.AudioError                a recording cannot be read
├── aed.errors.TeachingError              a sound cannot be taught by these recordings
├── aed.errors.ThresholdsError           thresholds are out of range (carries every fault found)
├── aed.commands.demo.processes.DemoError    a part of the demonstration failed
├── daemon.errors.SettingsError          settings are wrong (carries every fault found)
├── daemon.errors.DeviceError            there is nothing to record from
├── daemon.errors.OutboxError            the outbox on disk cannot be used
├── daemon.errors.ClipError              a clip cannot be written or deleted
├── daemon.errors.SelfTestError          the running model computes something else than it did
├── daemon.errors.InstallError           a bundle cannot be put in place, or taken back
├── daemon.errors.RequestError           a request is refused, or there is nobody to ask
├── daemon.page.errors.PageError         the page cannot be shown as the settings want it
├── daemon.page.errors.AwayError         the daemon does not answer the page
├── daemon.page.errors.RefusedError      the daemon answers the page that it will not
├── training.errors.TrainingDataError    recordings, labels or a run's settings cannot be used
└── training.errors.CheckpointError      a checkpoint cannot be read, or is another run's

The root stands here because `ontology` may import none of the other packages.
"""

import errno
from collections.abc import Sequence
from typing import TypeVar

from ontology.faults import Fault


class AedError(Exception):
    """Root of the errors raised on purpose; its text is written for the user.

    Attributes:
        exit_code: what `aed` exits with when the error reaches the command line.
    """

    exit_code = 1


_Error = TypeVar("_Error", bound=AedError)

_LASTING = (
    *(errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.EACCES, errno.EPERM),
    *(errno.ELOOP, errno.ENAMETOOLONG),
)
"""What is wrong with a file until somebody mends it."""


def blamed_on(cause: OSError, error: _Error) -> _Error:
    """Have whoever starts `aed` try again where a disk or a machine may do better the next time.

    Args:
        cause: why a file could not be read.
        error: what is said of that; its exit code becomes 1 unless the file itself is wrong.
    """
    if cause.errno is not None and cause.errno not in _LASTING:
        error.exit_code = AedError.exit_code
    return error


class OntologyError(AedError):
    """An ontology is wrong, or was asked for a node that it does not have.

    Attributes:
        faults: everything that was found, in the order of the file; never empty.
    """

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        lines = [str(fault) for fault in self.faults]
        if len(lines) > 1:
            lines.insert(0, f"{len(self.faults)} faults in {self.faults[0].where}:")
        super().__init__("\n  ".join(lines))
