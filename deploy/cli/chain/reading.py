"""From files to raw rows: YAML (a file or a folder of them) or a folder of CSV files, each value with its line."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from deploy.cli.chain.faults import Fault, Faulty, Place
from deploy.cli.chain.kinds import NESTED, NOUNS

MAX_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Raw:
    """One row as it was written: text, lists and mappings of text."""

    noun: str
    values: dict[str, Any]
    place: Place


def read(path: Path) -> list[Raw]:
    """All rows of a file or folder.

    Raises:
        Faulty: it cannot be read, or holds what no row can be made of.
    """
    files = _files(path)
    rows: list[Raw] = []
    faults: list[Fault] = []
    for file in files:
        name = str(file.relative_to(path)) if path.is_dir() else file.name
        try:
            if file.stat().st_size > MAX_BYTES:
                raise Faulty([Fault(name, 1, "", "larger than 64 MB: split it")])
            text = file.read_text("utf-8-sig")
            if "\0" in text:
                raise Faulty([Fault(name, text[: text.index("\0")].count("\n") + 1, "", "holds a NUL character")])
            rows += _csv(text, file.stem, name) if file.suffix == ".csv" else _yaml(text, name)
        except Faulty as faulty:
            faults += faulty.faults
        except RecursionError:
            faults.append(Fault(name, 1, "", "nests itself"))
        except UnicodeDecodeError:
            faults.append(Fault(name, 1, "", "is not UTF-8 text"))
        except OSError as error:
            faults.append(Fault(name, 1, "", error.strerror or "cannot be read"))
    if faults:
        raise Faulty(faults)
    return rows


def _files(path: Path) -> list[Path]:
    if not path.exists():
        raise Faulty([Fault(str(path), 1, "", "there is no such file or folder")])
    if not path.is_dir():
        if path.suffix not in (".yaml", ".yml"):
            raise Faulty([Fault(path.name, 1, "", "is no YAML file; give a folder for CSV files")])
        return [path]
    found = {suffix: sorted(path.glob(f"*{suffix}")) for suffix in (".yaml", ".yml", ".csv")}
    yamls = [*found[".yaml"], *found[".yml"]]
    if yamls and found[".csv"]:
        raise Faulty([Fault(path.name, 1, "", "holds YAML and CSV files: import one of the two")])
    files = yamls or found[".csv"]
    if not files:
        raise Faulty([Fault(path.name, 1, "", "holds no YAML and no CSV file")])
    return files


def _csv(text: str, noun: str, name: str) -> list[Raw]:
    if noun not in NOUNS:
        raise Faulty([Fault(name, 1, "", f"is named after no noun; the nouns are {', '.join(NOUNS)}")])
    reader = csv.DictReader(io.StringIO(text, newline=""), restkey="", strict=True)
    rows = []
    try:
        header = [str(field).strip() for field in reader.fieldnames or ()]
        if not header or len(set(header)) != len(header):
            raise Faulty([Fault(name, 1, "", "the first line must name each column once")])
        reader.fieldnames = header
        for cells in reader:
            values = {field: cell for field, cell in cells.items() if cell not in (None, "") and field}
            if "" in cells:
                raise Faulty([Fault(name, reader.line_num, "", "has more cells than the first line has columns")])
            if values:
                first = reader.line_num - sum(cell.count("\n") for cell in values.values())
                rows.append(Raw(noun, values, Place(name, first, {})))
    except csv.Error as error:
        raise Faulty([Fault(name, reader.line_num, "", f"is no CSV: {error}")]) from None
    return rows


def _yaml(text: str, name: str) -> list[Raw]:
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise Faulty([Fault(name, line, "", f"is no YAML: {error.problem or error.context}")]) from None
    except yaml.YAMLError as error:
        raise Faulty([Fault(name, 1, "", f"is no YAML: {error}")]) from None
    if root is None:
        return []
    if not isinstance(root, yaml.MappingNode):
        raise Faulty([Fault(name, 1, "", "must begin with a noun, such as `branches:`")])
    rows: list[Raw] = []
    for key, node in root.value:
        noun = key.value
        if noun not in NOUNS:
            problem = f"{noun!r} is no noun; the nouns are {', '.join(NOUNS)}"
            raise Faulty([Fault(name, _line(key), "", problem)])
        rows += _rows(noun, node, name, {})
    return rows


def _rows(noun: str, node: yaml.Node, name: str, inherited: dict[str, Any]) -> Iterator[Raw]:
    items = node.value if isinstance(node, yaml.SequenceNode) else [node]
    if isinstance(node, yaml.ScalarNode) and node.value == "":
        return
    for item in items:
        if not isinstance(item, yaml.MappingNode):
            raise Faulty([Fault(name, _line(item), "", f"a row of {noun} is a mapping of fields")])
        lines: dict[str, int] = {}
        below: list[tuple[str, yaml.Node, dict[str, str]]] = []
        values = dict(inherited)
        for key, value in _entries(item, name):
            if nested := NESTED.get((noun, key)):
                below.append((nested[0], value, nested[1]))
            elif (plain := _plain(value, name, key, lines)) not in ("", None):
                values[key] = plain
        yield Raw(noun, values, Place(name, _line(item), lines))
        for child, value, taken in below:
            yield from _rows(child, value, name, {field: values.get(of) for field, of in taken.items() if of in values})


def _plain(node: yaml.Node, name: str, path: str, lines: dict[str, int]) -> Any:
    """Text stays text, whatever YAML would make of it: `no` is an answer and `007` a code."""
    lines[path] = _line(node)
    if isinstance(node, yaml.MappingNode):
        return {key: _plain(value, name, f"{path}.{key}", lines) for key, value in _entries(node, name)}
    if isinstance(node, yaml.SequenceNode):
        return [_plain(value, name, f"{path}.{i}", lines) for i, value in enumerate(node.value)]
    return None if node.tag == "tag:yaml.org,2002:null" else node.value


def _entries(node: yaml.MappingNode, name: str) -> Iterator[tuple[str, yaml.Node]]:
    seen: set[str] = set()
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode) or key.value in seen:
            raise Faulty([Fault(name, _line(key), str(key.value)[:40], "a field is named once, by a word")])
        seen.add(key.value)
        yield key.value, value


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1
