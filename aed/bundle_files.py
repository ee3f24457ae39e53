"""The files of a bundle: each the one its maker described, with the ontology of its training."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from aed.bundle_description import ONTOLOGY_FILE
from aed.errors import BundleError
from ontology import Ontology, OntologyError, parse
from ontology.errors import blamed_on

NOT_INTACT = "copy the whole folder again, or use another bundle"
"""What helps against a bundle that is not as it was made."""


def read_files(path: Path, hashes: Mapping[str, str]) -> dict[str, bytes]:
    """Contents of every listed file, each with the hash that the description gives.

    Args:
        path: the bundle's folder.
        hashes: by file name the SHA-256 that is wanted.

    Raises:
        BundleError: a file cannot be read, or is another one.
    """
    contents = {}
    for name, wanted in hashes.items():
        try:
            content = (path / name).read_bytes()
        except OSError as error:
            reason = error.strerror or str(error)
            sentence = f"bundle {path}: its file {name} cannot be read ({reason}); {NOT_INTACT}"
            raise blamed_on(error, BundleError(sentence)) from error
        found = hashlib.sha256(content).hexdigest()
        if found != wanted:
            raise BundleError(
                f"bundle {path}: {name} is not the file its maker described: wanted SHA-256 "
                f"{wanted}, found {found}; {NOT_INTACT}"
            )
        contents[name] = content
    return contents


def parse_ontology(
    path: Path, content: bytes, wanted_digest: str, known: Ontology | None
) -> Ontology:
    """The ontology that a bundle carries.

    Args:
        path: the bundle's folder.
        content: of its file.
        wanted_digest: of the ontology that the model was trained for.
        known: given back, instead of reading the same once more, if it is that one.

    Raises:
        BundleError: it is no valid ontology, or another one.
    """
    if known is not None and known.digest == wanted_digest and known.source.encode() == content:
        return known
    where = str(path / ONTOLOGY_FILE)
    try:
        ontology = parse(content.decode("utf-8"), where=where)
    except (OntologyError, UnicodeDecodeError) as error:
        raise BundleError(f"bundle {path}: its ontology is not valid: {error}") from error
    if ontology.digest != wanted_digest:
        raise BundleError(
            f"{where}: it is not the ontology this model was trained for: wanted digest "
            f"{wanted_digest}, found {ontology.digest}; {NOT_INTACT}"
        )
    return ontology
