# SPDX-License-Identifier: EUPL-1.2
"""Reads a tagged PDF of Typst as a screen reader does: by its structure, not by its looks."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

import pikepdf

Mark = tuple[tuple[int, int], int]
"""A piece of marked content: its page and its number on the page."""


def elements(node: Any) -> Iterator[Any]:
    """The structure elements at and below a node, in reading order."""
    if isinstance(node, pikepdf.Array):
        for child in node:
            yield from elements(child)
    elif isinstance(node, pikepdf.Dictionary) and "/S" in node:
        yield node
        yield from elements(node.get("/K", pikepdf.Array()))


def marks(element: Any, page: Any = None) -> Iterator[Mark]:
    """The pieces of marked content that an element consists of, in reading order."""
    page = element.get("/Pg", page)
    inside = element.get("/K", pikepdf.Array())
    for child in inside if isinstance(inside, pikepdf.Array) else [inside]:
        if not isinstance(child, pikepdf.Dictionary):
            yield page.objgen, int(child)
        elif "/S" in child:
            yield from marks(child, page)
        elif "/MCID" in child:
            yield child.get("/Pg", page).objgen, int(child.MCID)


def written(document: pikepdf.Pdf) -> Mapping[Mark, list[str]]:
    """What each piece of marked content says, as clusters of letters from left to right."""
    found: defaultdict[Mark, list[str]] = defaultdict(list)
    for page in document.pages:
        letters = {name: _letters(font) for name, font in page.resources.Font.items()}
        nested: list[tuple[Mark | None, bool]] = [(None, False)]
        font = ""
        for step in pikepdf.parse_content_stream(page):
            mark, instead = nested[-1]
            match str(step.operator):
                case "BMC":
                    nested.append((mark, instead))
                case "BDC":
                    told: Any = step.operands[1]
                    if "/MCID" in told:
                        mark = page.obj.objgen, int(told.MCID)
                    if "/ActualText" in told and mark is not None:
                        found[mark].append(str(told.ActualText))
                        instead = True
                    nested.append((mark, instead))
                case "EMC":
                    nested.pop()
                case "Tf":
                    font = str(step.operands[0])
                case "Tj" | "TJ" if mark is not None and not instead:
                    found[mark] += [letters[font][glyph] for glyph in shown(step)]
    return found


def glyphs(document: pikepdf.Pdf) -> Iterator[int]:
    """Every glyph that the pages show, by its number in its font; 0 stands for a missing one."""
    for page in document.pages:
        assert all(font.Encoding == "/Identity-H" for font in page.resources.Font.values())
        for step in pikepdf.parse_content_stream(page):
            if str(step.operator) in {"Tj", "TJ"}:
                yield from shown(step)


def shown(step: Any) -> Iterator[int]:
    """The glyphs that a text operator shows: two bytes each, as in all fonts that Typst embeds."""
    operand = step.operands[0]
    for part in operand if isinstance(operand, pikepdf.Array) else [operand]:
        if isinstance(part, pikepdf.String):
            raw = bytes(part)
            for at in range(0, len(raw), 2):
                yield int.from_bytes(raw[at : at + 2], "big")


def _letters(font: Any) -> dict[int, str]:
    """The letters for which each glyph of a font stands."""
    table = font.ToUnicode.read_bytes().decode("latin-1")
    assert "beginbfrange" not in table
    return {
        int(glyph, 16): bytes.fromhex(text).decode("utf-16-be")
        for block in re.findall(r"beginbfchar(.*?)endbfchar", table, re.DOTALL)
        for glyph, text in re.findall(r"<(\w+)>\s*<(\w+)>", block)
    }
