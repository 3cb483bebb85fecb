"""Documents on A4 paper: said as plain values (paper), set with reportlab (setting), off the event loop (printing).

Knows no word of the spa. Every text is escaped where it is set; nothing a person typed is ever markup.
"""

from shared.kit.papers.paper import Banner, Block, Code, Facts, Grid, Heading, Label, Labels, Paper, Table, Text
from shared.kit.papers.printing import press

__all__ = [
    "Banner",
    "Block",
    "Code",
    "Facts",
    "Grid",
    "Heading",
    "Label",
    "Labels",
    "Paper",
    "Table",
    "Text",
    "press",
]
