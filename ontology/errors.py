"""The root of all errors of this project, and the ontology's own.

AedError                     everything a user can do something about
├── OntologyError            an ontology file is wrong (carries every fault found)
├── aed.errors.BundleError   a model bundle cannot be used
├── aed.errors.AudioError    a recording cannot be read
├── daemon.errors.SettingsError
└── training.errors.TrainingDataError

The root stands here because `ontology` may import none of the other packages.
"""


class AedError(Exception):
    """Root of the errors raised on purpose; its text is written for the user.

    Attributes:
        exit_code: what `aed` exits with when the error reaches the command line.
    """

    exit_code = 1
