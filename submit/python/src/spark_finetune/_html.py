"""HTML for notebooks: tables that need no style sheet."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Union

Cell = Union[str, int, float, None]

_LEFT = "text-align:left"
_RIGHT = "text-align:right;font-variant-numeric:tabular-nums"


def shown(value: Cell) -> str:
    """Formats a value for people: numbers with separators, small numbers with four digits behind the point."""
    if value is None:
        return ""
    if isinstance(value, float):
        digits = 4 if abs(value) < 10 else 1 if abs(value) < 1000 else 0
        return f"{value:,.{digits}f}"
    return f"{value:,}" if isinstance(value, int) else value


def _cell(value: Cell, tag: str, shade: float = 0.0) -> str:
    style = _LEFT if isinstance(value, str) or value is None else _RIGHT
    if shade:
        # Half transparent at most, so that the text is readable in light and dark themes.
        style += f";background:rgba(31,119,180,{shade / 2:.2f})"
    return f'<{tag} style="{style}">{escape(shown(value))}</{tag}>'


def table(
    rows: Iterable[Sequence[Cell]],
    header: Sequence[str] = (),
    caption: str = "",
    shades: Sequence[Sequence[float]] | None = None,
) -> str:
    """Returns a table whose first column names the rows; wide tables scroll.

    :param shades: from 0 to 1 for each cell after the first of each row, or None
    """
    rows = [list(row) for row in rows]
    parts = ['<div style="overflow-x:auto;margin-bottom:1em"><table>']
    if caption:
        parts.append(f'<caption style="{_LEFT};font-weight:bold;white-space:nowrap">{escape(caption)}</caption>')
    if header:
        # The name of a numeric column is above its numbers.
        numbers = [bool(rows) and not isinstance(cell, (str, type(None))) for cell in (rows[0] if rows else header)]
        cells = (
            f'<th style="{_RIGHT if number else _LEFT}">{escape(name)}</th>' for name, number in zip(header, numbers)
        )
        parts.append(f"<thead><tr>{''.join(cells)}</tr></thead>")
    parts.append("<tbody>")
    for i, row in enumerate(rows):
        shade = [0.0] * (len(row) - 1) if shades is None else shades[i]
        parts.append("<tr>" + _cell(row[0], "th") + "".join(map(_cell, row[1:], ["td"] * len(shade), shade)) + "</tr>")
    parts.append("</tbody></table></div>")
    return "".join(parts)


def note(text: str) -> str:
    """Returns a line of text."""
    return f"<p>{escape(text)}</p>"


def text(lines: str) -> str:
    """Returns lines unchanged."""
    return f'<pre style="overflow-x:auto;white-space:pre;font-family:monospace">{escape(lines)}</pre>'
