"""The list of words that the prose of this repository avoids."""

import textwrap
from pathlib import Path

import pytest

from infra.checks.words import find, main, prose


def _hits(name: str, text: str, *, names: bool = False) -> list[tuple[int, str]]:
    return list(find(prose(Path(name), textwrap.dedent(text), names=names)))


def test_markdown_is_read_whole_with_line_numbers() -> None:
    assert _hits("docs/page.md", "Nobody reads this.\n\nWhoever does, is told.\n") == [
        (1, "nobody"),
        (3, "whoever"),
        (3, "is told"),
    ]


def test_a_phrase_is_found_across_a_line_break() -> None:
    assert _hits("packages/a.py", "# a limit of\n# ours\nx = 1\n") == [(1, "of ours")]
    assert _hits("packages/a.proto", "// a limit of\n// ours\n") == [(1, "of ours")]


def test_words_in_backticks_or_inside_of_other_words_are_names() -> None:
    assert _hits("docs/page.md", "The account `nobody` and nobody_listens are names.\n") == []


def test_comments_and_docstrings_of_python_are_prose_and_code_is_not() -> None:
    text = '''
        """Module for whoever imports it."""

        nobody = "nobody"  # nobody knows


        def somebody_waits() -> None:
            """Waits.

            For somebody.
            """
    '''
    assert _hits("tests/a.py", text) == [(2, "whoever"), (4, "nobody"), (10, "somebody")]


def test_strings_of_several_words_are_prose_outside_of_tests() -> None:
    text = 'logger.warning("nobody answers")\naccount = "nobody"\n'
    assert _hits("packages/a.py", text) == [(1, "nobody")]
    assert _hits("tests/a.py", text) == []


def test_names_of_functions_are_prose_on_request() -> None:
    text = "def test_nobody_waits() -> None: ...\n"
    assert _hits("tests/a.py", text) == []
    assert _hits("tests/a.py", text, names=True) == [(1, "nobody")]


def test_a_clean_file_passes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["infra/checks/words.py"]) == 0
    assert capsys.readouterr().out == ""


def test_hits_are_printed_with_their_place_and_fail(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "page.md").write_text("For somebody.\n")
    monkeypatch.setattr("infra.checks.words._ROOT", tmp_path)
    monkeypatch.setattr("infra.checks.words.tracked", lambda _paths: [Path("page.md")])

    assert main([]) == 1
    assert main(["--count"]) == 1
    assert capsys.readouterr().out == "page.md:1: somebody\n    1 .\n    1 in all\n"
