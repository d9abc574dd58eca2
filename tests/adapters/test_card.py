# SPDX-License-Identifier: EUPL-1.2
"""The card as a reader, a screen reader and a printer get it: fonts, tags, glyphs and ink."""

from __future__ import annotations

import io
import json
import re
import sys
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pikepdf
import pypdfium2
import pytest
import typst
from fontTools.ttLib import TTFont
from numpy.typing import NDArray
from typer.testing import CliRunner, Result

from bridge.cli import app, main
from bridge.commands.languages import FONTS
from bridge.languages.card import (
    CardError,
    CardFonts,
    Ui,
    direction,
    find_fonts,
    render_card,
    unreviewed,
)
from bridge.languages.model import Language, LanguageGroup, Languages, load_languages
from tests.pdf import elements, glyphs, marks, written

FOLDER = Path(__file__).resolve().parents[2] / FONTS
STUTTERING = {"gu", "ur"}
"""Where one cluster of letters is several glyphs side by side, Typst tells it for each of them."""
NUMBERS = ("808 257 257", "218 106 191")
EDITION = date(2026, 11, 20)
A4 = (595, 842)
"""In points."""
DARK = 110
"""Grey levels below this are ink; the tint of every other row is far above."""
MARGIN_MM = 6
"""Nearer to the edge many printers cannot print."""
OWN_MM, SPEAK_MM = (75, 116), (119, 197)
"""From where to where on the page the own name and the sentence may stand."""
ROW_MM = 3.0
"""Half of a row."""


@pytest.fixture(scope="module")
def fonts() -> CardFonts:
    return find_fonts(load_languages(), FOLDER)


@pytest.fixture(scope="module")
def portuguese(fonts: CardFonts) -> bytes:
    return render_card(load_languages(), fonts, NUMBERS, EDITION)


@pytest.fixture(scope="module")
def english(fonts: CardFonts) -> bytes:
    return render_card(load_languages(), fonts, NUMBERS, EDITION, "en")


# --- fonts ---------------------------------------------------------------------------------------


@cache
def characters(path: str, index: int) -> frozenset[int]:
    """The characters for which a font file has a glyph."""
    with TTFont(path, fontNumber=index, lazy=True) as font:
        return frozenset(font.getBestCmap())


def test_every_character_of_every_language_has_a_glyph_in_its_fonts(fonts: CardFonts) -> None:
    files: dict[str, list[tuple[str, int]]] = {}
    for font in fonts.known.fonts():
        if font.style == "normal" and font.weight == 400 and font.path is not None:
            files.setdefault(font.family, []).append((font.path, font.index))
    tofu = []
    for one in load_languages():
        has = frozenset[int]().union(
            *(characters(*file) for family in fonts.of(one) for file in files[family])
        )
        tofu += [
            f"{one.tag}: {character!r}"
            for character in one.own + one.speak + one.pt + one.en
            if ord(character) not in has
        ]
    assert tofu == []


def speaking(sentence: str) -> Languages:
    """The languages, one of which speaks this sentence."""
    found = load_languages()

    def changed(one: Language) -> Language:
        return replace(one, speak=sentence) if one.tag == "fr" else one

    groups = [
        LanguageGroup(group.digit, group.pt, group.en, tuple(map(changed, group.languages)))
        for group in found.groups
    ]
    return Languages(groups, found.home)


def test_a_character_without_a_glyph_is_refused_instead_of_printed_as_a_box(
    fonts: CardFonts,
) -> None:
    with pytest.raises(CardError, match=r"cannot be set: .*mend languages\.toml"):
        render_card(speaking("Je parle \N{PHOENICIAN LETTER ALF}"), fonts, NUMBERS, EDITION)


def glyph_numbers(pdf: bytes) -> list[int]:
    with pikepdf.open(io.BytesIO(pdf)) as document:
        return list(glyphs(document))


def test_no_glyph_on_the_card_is_the_box_for_a_missing_one(
    portuguese: bytes, english: bytes
) -> None:
    for pdf in (portuguese, english):
        shown = glyph_numbers(pdf)
        assert len(shown) > 1500
        assert 0 not in shown


def test_the_box_for_a_missing_glyph_would_be_noticed(fonts: CardFonts) -> None:
    page = '#set text(font: "Noto Sans", fallback: false)\na \N{PHOENICIAN LETTER ALF}'
    with_a_box = typst.compile(page.encode(), format="pdf", font_paths=fonts.known)
    assert 0 in glyph_numbers(with_a_box)


# --- structure -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ui", "language", "title"),
    [("pt", "pt-PT", "Cartão das línguas"), ("en", "en", "Language card")],
)
def test_the_card_is_a_tagged_pdf_with_a_title_and_a_language(
    ui: Ui, language: str, title: str, portuguese: bytes, english: bytes
) -> None:
    with pikepdf.open(io.BytesIO(portuguese if ui == "pt" else english)) as document:
        assert document.Root.Lang == language
        assert document.Root.MarkInfo.Marked
        assert document.Root.ViewerPreferences.DisplayDocTitle
        assert document.docinfo.Title == title
        assert document.open_metadata()["pdfuaid:part"] == "1"
        assert len(document.pages) == 2


def test_names_and_sentences_are_marked_with_their_language(portuguese: bytes) -> None:
    with pikepdf.open(io.BytesIO(portuguese)) as document:
        found = list(elements(document.Root.StructTreeRoot.K))
        kinds = [str(one.S) for one in found]
        rows = [
            [str(cell.get("/Lang", "")) for cell in elements(row.K) if cell.S == "/TD"]
            for row in found
            if row.S == "/TR"
        ]
    marked = [row for row in rows if row]
    assert marked == [["", "", one.tag, one.tag] for one in load_languages()]
    assert kinds.count("/Table") == len(load_languages().groups)
    assert kinds.count("/H1") == len(load_languages().groups) + 1
    assert kinds.count("/Title") == 1


def once(text: str) -> str:
    """A text in which whatever is said twice or more in a row is said once."""
    return re.sub(r"(.+?)\1+", r"\1", text)


@pytest.mark.parametrize("ui", ["pt", "en"])
def test_every_row_reads_as_its_language_is_listed(
    ui: Ui, portuguese: bytes, english: bytes
) -> None:
    with pikepdf.open(io.BytesIO(portuguese if ui == "pt" else english)) as document:
        says = written(document)
        rows = [
            [[part for mark in marks(cell) for part in says[mark]] for cell in cells]
            for row in elements(document.Root.StructTreeRoot.K)
            if row.S == "/TR" and (cells := [one for one in elements(row) if one.S == "/TD"])
        ]
    assert len(rows) == len(load_languages())
    for one, row in zip(load_languages(), rows, strict=True):
        expected = [one.code, getattr(one, ui), one.own, one.speak]
        if one.tag in STUTTERING:
            expected = list(map(once, expected))
        for cell, text in zip(row, expected, strict=True):
            read = "".join(reversed(cell) if direction(text) == "rtl" else cell)
            assert (once(read) if one.tag in STUTTERING else read) == text


def test_the_lines_numbers_and_the_edition_are_on_the_card(
    portuguese: bytes, english: bytes
) -> None:
    for pdf, edition in ((portuguese, "novembro de 2026"), (english, "November 2026")):
        with pypdfium2.PdfDocument(pdf) as document:
            text = [page.get_textpage().get_text_range() for page in document]
        assert all(number in page for number in NUMBERS for page in text)
        assert all(edition in page for page in text)


# --- ink -----------------------------------------------------------------------------------------

_PX_PER_MM = 6.0
_PX_PER_POINT = _PX_PER_MM * 25.4 / 72


def ink(page: Any) -> NDArray[np.bool_]:
    """Where a rendered page is dark."""
    grey: NDArray[np.uint8] = page.render(scale=_PX_PER_POINT, grayscale=True).to_numpy()
    return grey.reshape(grey.shape[:2]) < DARK


def codes(page: Any) -> dict[str, float]:
    """The codes in the first column, each with its height on the page in millimetres from above."""
    text = page.get_textpage()
    found: dict[str, float] = {}
    for one in load_languages():
        search = text.search(one.code)
        while (place := search.get_next()) is not None:
            left, bottom, _, top = text.get_charbox(place[0])
            if left * 25.4 / 72 < 20 and top - bottom > 8:
                found[one.code] = (page.get_height() - (top + bottom) / 2) * 25.4 / 72
    return found


def test_beside_every_code_stand_a_name_and_a_sentence_and_nothing_is_cut_off(
    portuguese: bytes,
) -> None:
    seen = []
    with pypdfium2.PdfDocument(portuguese) as document:
        for page in document:
            assert tuple(round(side) for side in page.get_size()) == A4
            dark = ink(page)
            for code, height in codes(page).items():
                seen.append(code)
                row = dark[
                    int((height - ROW_MM) * _PX_PER_MM) : int((height + ROW_MM) * _PX_PER_MM)
                ]
                for left, right in (OWN_MM, SPEAK_MM):
                    written = row[:, int(left * _PX_PER_MM) : int(right * _PX_PER_MM)]
                    assert 0.01 < written.mean() < 0.3, code
            edge = int(MARGIN_MM * _PX_PER_MM)
            dark[edge:-edge, edge:-edge] = False
            assert not dark.any()
    assert sorted(seen) == [one.code for one in load_languages()]


def test_the_same_list_fonts_and_date_make_the_same_bytes(
    fonts: CardFonts, portuguese: bytes
) -> None:
    assert render_card(load_languages(), fonts, NUMBERS, EDITION) == portuguese
    assert render_card(load_languages(), fonts, NUMBERS, date(2027, 1, 2)) != portuguese


# --- the command ---------------------------------------------------------------------------------


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["languages", *arguments])


def test_the_command_writes_the_card_and_says_what_nobody_has_reviewed(tmp_path: Path) -> None:
    file = tmp_path / "card.pdf"
    done = run("card", "-o", str(file), "--language", "en", "--line", "lam", "--fonts", str(FOLDER))
    assert done.exit_code == 0, done.output
    assert "68 languages" in done.output
    waiting = len(unreviewed(load_languages()))
    assert f"no native speaker has reviewed {waiting} of the sentences" in done.output
    with pypdfium2.PdfDocument(file.read_bytes()) as document:
        text = document[0].get_textpage().get_text_range()
    assert "Language card" in text
    assert "808 257 257 or 218 106 191" in text


def test_the_command_prints_the_numbers_of_the_installation_s_own_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "own.toml"
    own.write_text(
        '[[line]]\nkey = "ajuda"\npt = "Linha"\nen = "Line"\nnumbers = ["210 000 001"]\n'
        'hours = [{ days = "Mon-Fri", open = ["09:00-19:00"] }]\n',
        encoding="utf-8",
    )
    monkeypatch.setenv("STT_DIRECTORY", str(own))
    file = tmp_path / "card.pdf"
    done = run("card", "-o", str(file), "--fonts", str(FOLDER))
    assert done.exit_code == 0, done.output
    with pypdfium2.PdfDocument(file.read_bytes()) as document:
        text = document[0].get_textpage().get_text_range()
    assert "210 000 001" in text
    assert "808 257 257" not in text


def test_the_command_lists_the_languages_and_their_fonts() -> None:
    listed = json.loads(run("list", "--json").output)
    assert [one["code"] for one in listed] == [one.code for one in load_languages()]
    assert [one["speak"] for one in listed] == [one.speak for one in load_languages()]
    assert "українська" in run("list").output
    assert "Noto Nastaliq Urdu" in run("fonts", "--fonts", str(FOLDER)).output


def test_a_file_that_cannot_be_written_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "nowhere" / "card.pdf"
    arguments = ["languages", "card", "-o", str(file), "--fonts", str(FOLDER)]
    monkeypatch.setattr(sys, "argv", ["stt-bridge", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    assert capsys.readouterr().err == (
        f"error: cannot write {file}: No such file or directory; name another file with -o\n"
    )
