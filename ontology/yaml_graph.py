"""YAML text to a graph of YAML nodes that know their lines, without trusting the text.

Nothing is constructed from it: `no` stays a scalar that was written `no`. Aliases are refused
instead of followed, so that a short file cannot stand for a huge or an endless one.
"""

import yaml

from ontology.faults import FaultLog

MAX_CHARACTERS = 2 * 1024 * 1024
"""Longest file that is read; 2,000 nodes with names in ten languages fit twice."""

_MAX_NESTING = 100
"""Deepest nesting of lists and mappings; an ontology of 12 levels needs 27."""


_MENDED_AT_THEIR_BEGIN = ("while scanning a simple key", "while scanning a quoted scalar")
"""Where PyYAML's complaint has gone on to a later line, often the end of the file."""


class AliasNode(yaml.ScalarNode):
    """Stands where the file had an alias, which is noted as a fault already."""


class _GraphLoader(yaml.SafeLoader):
    """Composes a document, noting aliases and refusing bottomless nesting."""

    def __init__(self, text: str, faults: FaultLog) -> None:
        super().__init__(text)
        self._faults = faults
        self._nesting = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Composes the next node, as PyYAML's Composer does, but for aliases and depth."""
        mark = self._next_mark()
        if self.check_event(yaml.AliasEvent):
            event = self.get_event()  # type: ignore[no-untyped-call]
            problem = f"alias '*{event.anchor}' is not allowed in an ontology"
            self._faults.add(mark.line + 1, "", problem, "write the value out again")
            return AliasNode("tag:yaml.org,2002:null", "", mark, mark)
        if self._nesting == _MAX_NESTING:
            problem = f"nested more than {_MAX_NESTING} levels deep"
            raise yaml.composer.ComposerError(None, None, problem, mark)
        self._nesting += 1
        node = super().compose_node(parent, index)
        self._nesting -= 1
        return node

    def _next_mark(self) -> yaml.Mark:
        """Returns where the next event of the document begins."""
        mark: yaml.Mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
        return mark


def compose(text: str, faults: FaultLog) -> yaml.Node | None:
    """Returns the root of the only document in `text`.

    Args:
        text: YAML 1.1.
        faults: notes aliases, and the syntax error that ended the reading.

    Returns:
        The root node; None if the text holds no document or breaks the syntax (then noted).
    """
    if len(text) > MAX_CHARACTERS:
        faults.add(
            None,
            "",
            f"longer than {MAX_CHARACTERS:,} characters",
            "an ontology is far smaller: is this the right file?",
        )
        return None
    loader: _GraphLoader | None = None
    try:
        loader = _GraphLoader(text, faults)
        root = loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        _add_syntax_fault(error, faults)
        return None
    except yaml.reader.ReaderError as error:
        faults.add(
            text.count("\n", 0, error.position) + 1,
            "",
            f"character {error.character!r} is not allowed in YAML",
            "remove it; is this a text file?",
        )
        return None
    except (ValueError, OverflowError) as error:  # an escape such as "\UFFFFFFFF"
        line = None if loader is None else loader.line + 1
        faults.add(line, "", f"not valid YAML: {error}", "correct the escape or the number")
        return None
    if root is None:
        faults.add(None, "", "the file is empty", "begin with the keys version, name and nodes")
    return root


def _add_syntax_fault(error: yaml.MarkedYAMLError, faults: FaultLog) -> None:
    """Notes a complaint of PyYAML's scanner, parser or composer where it can be mended."""
    mark, begin = error.problem_mark, error.context_mark
    if mark is None or error.context in _MENDED_AT_THEIR_BEGIN:
        mark = begin or mark
    words = ["not valid YAML:"]
    if error.context:
        words.append(error.context)
        if begin is not None and mark is not None and begin.line != mark.line:
            words.append(f"that begins on line {begin.line + 1}")
    words.append(error.problem or "")
    if mark is not None:
        words.append(f"(column {mark.column + 1})")
    line = None if mark is None else mark.line + 1
    faults.add(line, "", " ".join(words), _syntax_remedy(error.problem or ""))


def _syntax_remedy(problem: str) -> str:
    """Returns what to try for a complaint of PyYAML's scanner, parser or composer."""
    remedies = {
        r"'\t'": "indent with spaces, never with tabs",
        "mapping values are not allowed": "check the indentation, and quote text that holds ': '",
        "could not find expected ':'": "every key needs a colon and a space after it",
        "expected <block end>": "items of one list and keys of one mapping must start in the same"
        " column",
        "but found another document": "keep one ontology per file, without '---' in between",
        "nested more than": "an ontology is a list of nodes with children, at most 12 deep",
    }
    for sign, remedy in remedies.items():
        if sign in problem:
            return remedy
    return "correct the YAML here or just above: indentation, colons, quotes and brackets"
