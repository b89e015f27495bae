"""YAML as a data format and nothing more, with the line of every value.

Refused with a line number: tags, anchors and aliases, duplicate keys, keys that are not texts, files over 1 MB, nesting
deeper than 20, more than 200,000 nodes. Only `true`, `false`, `null` and decimal numbers are special; `no`, `on`,
`0x10` and dates stay texts, so a Norwegian domain or a bare word never turns into something else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from mailroom.errors import InvalidInputError
from mailroom.rulelang.folders import is_folder, yaml_files_below

MAX_BYTES = 1 << 20
MAX_DEPTH = 20
MAX_NODES = 200_000
_MAX_DIGITS = 15
_SHOWN = 50
_INTEGER = re.compile(r"[-+]?\d+\Z")
_DECIMAL = re.compile(r"[-+]?\d+\.\d+\Z")
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

ValuePath = tuple[str | int, ...]


class RuleError(InvalidInputError):
    """Rule, list or playbook files are not acceptable. `problems` holds one `path:line: message` each."""

    def __init__(self, *problems: str) -> None:
        super().__init__(*problems)
        self.problems = problems

    @property
    def lines(self) -> tuple[str, ...]:
        """The first problems, and how many more there are."""
        more = len(self.problems) - _SHOWN
        return (*self.problems[:_SHOWN], f"... and {more} more") if more > 0 else self.problems

    def __str__(self) -> str:
        # Other arguments than at first are the words of somebody who says more, such as which action it was.
        return "\n".join(self.lines) if self.args == self.problems else str(self.args[0])


@dataclass(slots=True)
class Document:
    """One YAML document: `data` and, per path into it, the line where the value begins."""

    file: str
    data: Any
    line: int
    lines: dict[ValuePath, int] = field(default_factory=dict)

    def at(self, *path: str | int) -> str:
        """`file:line` of the value at `path`, or of the nearest thing above it."""
        while path and path not in self.lines:
            path = path[:-1]
        return f"{self.file}:{self.lines.get(path, self.line)}"


def yaml_files(directory: Path) -> list[Path]:
    """Every `.yml` and `.yaml` file below a directory, sorted.

    Raises:
        RuleError: The directory does not exist, or a part of it cannot be read.
    """
    try:
        found = yaml_files_below(directory) if is_folder(directory) else None
    except InvalidInputError as error:
        raise RuleError(str(error)) from error
    if found is None:
        raise RuleError(f"{directory}:1: is not a folder; check the path in the policy or on the command line")
    return found


def read_documents(file: Path, shown_as: str | None = None) -> list[Document]:
    """All documents of a file.

    Raises:
        RuleError: The file cannot be read, is too big, or is not plain YAML.
    """
    name = shown_as or str(file)
    try:
        with file.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise RuleError(f"{name}:1: cannot be read ({error.strerror}); check the path and its permissions") from error
    if len(raw) > MAX_BYTES:
        raise RuleError(f"{name}:1: is larger than 1 MB; split it into several files")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise RuleError(f"{name}:{line}: is not UTF-8; save it as UTF-8") from error
    return parse_documents(text, name)


def parse_documents(text: str, name: str) -> list[Document]:
    """Like `read_documents`, from a text already in memory."""
    try:
        _check_events(text, name)
        return list(_compose(text, name))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise RuleError(f"{name}:{line}: is not valid YAML: {error.problem or error}") from error
    except (yaml.YAMLError, RecursionError) as error:
        raise RuleError(f"{name}:1: is not valid YAML: {str(error).splitlines()[0]}") from error


def _check_events(text: str, name: str) -> None:
    """Refuse what plain data does not need, before anything is built from it."""
    depth = count = 0
    for event in yaml.parse(text, Loader=_LOADER):
        mark = event.start_mark
        where = f"{name}:{mark.line + 1 if mark else 1}"
        if isinstance(event, yaml.AliasEvent):
            raise RuleError(f"{where}: aliases (*name) are not allowed; write the value out")
        if isinstance(event, yaml.NodeEvent):
            count += 1
            if event.anchor:
                raise RuleError(f"{where}: anchors (&name) are not allowed; write the value out")
            if tag := getattr(event, "tag", None):
                raise RuleError(f"{where}: tags ({tag}) are not allowed; write plain values")
            if count > MAX_NODES:
                raise RuleError(f"{where}: holds more than {MAX_NODES} values; split it into several files")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                raise RuleError(f"{where}: is nested deeper than {MAX_DEPTH} levels; flatten it")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _compose(text: str, name: str) -> Iterator[Document]:
    for node in yaml.compose_all(text, Loader=_LOADER):
        if node is None or (isinstance(node, yaml.ScalarNode) and node.value == ""):
            continue
        document = Document(name, None, node.start_mark.line + 1)
        document.data = _build(node, (), document)
        yield document


def _build(node: Any, path: ValuePath, document: Document) -> Any:
    document.lines[path] = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            where = f"{document.file}:{key_node.start_mark.line + 1}"
            if not isinstance(key_node, yaml.ScalarNode):
                raise RuleError(f"{where}: a key must be a text")
            key = key_node.value
            if key in result:
                raise RuleError(f"{where}: key {key!r} appears twice; keep one of them")
            result[key] = _build(value_node, (*path, key), document)
            document.lines[(*path, key)] = key_node.start_mark.line + 1
        return result
    if isinstance(node, yaml.SequenceNode):
        return [_build(child, (*path, index), document) for index, child in enumerate(node.value)]
    return _scalar(node, document)


def _scalar(node: Any, document: Document) -> Any:
    value: str = node.value
    if node.style in ("'", '"', "|", ">"):
        return value
    if value in ("", "~", "null"):
        return None
    if value in ("true", "false"):
        return value == "true"
    if _INTEGER.match(value) or _DECIMAL.match(value):
        if len(value) > _MAX_DIGITS:
            line = node.start_mark.line + 1
            raise RuleError(f"{document.file}:{line}: the number is too long; quote it if it is a text")
        return float(value) if "." in value else int(value)
    return value
