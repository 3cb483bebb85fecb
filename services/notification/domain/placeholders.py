"""The text of a message: a tenant's words with `{placeholders}`, and nothing else.

The grammar is this small on purpose. A template language that can call or index anything is server-side template
injection once people outside edit it; here a text holds words, `{name}` for a known name, and `{{` or `}}` for a brace.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from shared.errors import Invalid

_TOKEN = re.compile(r"\{\{|\}\}|\{([a-z][a-z_]*)\}|[{}]")
_BREAKS = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]+")
LONGEST_VALUE = 500


class BadTemplate(Invalid):
    def __init__(self, detail: str) -> None:
        super().__init__("bad_template", detail)


@dataclass(frozen=True, slots=True)
class Text:
    """A parsed text: pieces of words and of placeholder names, in turn, beginning and ending with words."""

    pieces: tuple[str, ...]

    @property
    def names(self) -> frozenset[str]:
        return frozenset(self.pieces[1::2])

    def filled(self, values: Mapping[str, str | Sequence[str]]) -> str:
        """The text with its values, each on one line and at most 500 characters; those of a list on a line each.

        A value cannot start a new line, so it can neither add a mail header nor pose as a paragraph of the chain's.
        It is never read as a template again.
        """
        parts = list(self.pieces)
        parts[1::2] = [_shown(values[name]) for name in parts[1::2]]
        return "".join(parts)


def _shown(value: str | Sequence[str]) -> str:
    lines = (value,) if isinstance(value, str) else value
    return "\n".join(_BREAKS.sub(" ", line)[:LONGEST_VALUE] for line in lines)


def parse(source: str, allowed: Collection[str]) -> Text:
    """Read a template's text.

    Raises:
        BadTemplate: a placeholder that is not allowed here, or a brace that stands alone.
    """
    pieces = [""]
    end = 0
    for token in _TOKEN.finditer(source):
        pieces[-1] += source[end : token.start()]
        end = token.end()
        name = token[1]
        if name is not None:
            if name not in allowed:
                raise BadTemplate(f"{{{name}}} is no placeholder here; known are: {', '.join(sorted(allowed))}.")
            pieces += [name, ""]
        elif token[0] in ("{{", "}}"):
            pieces[-1] += token[0][0]
        else:
            raise BadTemplate(f"A single {token[0]!r} at character {token.start()}; write it twice to mean the sign.")
    pieces[-1] += source[end:]
    return Text(tuple(pieces))
