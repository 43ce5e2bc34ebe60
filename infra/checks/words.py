"""Finds words that the prose of this repository avoids: `just words [--count] [--names] [PATH…]`.

Prose is Markdown, comments, docstrings, and, outside of tests, every string of more than one word: log messages,
problem details, help texts. Write the subject that such a word hides: the client, the caller, the service, the
operator. What stands in backticks is a name, not prose.
"""

import argparse
import ast
import io
import re
import subprocess
import sys
import tokenize
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]
#: The underscores stand for blanks, so that this list is not prose itself.
_PHRASES = (
    *("whoever", "whatever", "whomever", "whom", "nobody", "somebody", "anybody", "everybody"),
    *("of_ours", "to_be_had", "is_told", "sent_away", "goes_on", "comes_back", "has_to_do_with", "as_it_stands"),
    *("of_its_own_making", "what_is_to_be_done"),
)
#: A phrase may be broken over two lines.
_FORBIDDEN = re.compile(
    r"(?<!`)\b(" + "|".join(phrase.replace("_", r"\s+") for phrase in _PHRASES) + r")\b(?!`)", re.IGNORECASE
)
_TEXT_SUFFIXES = {
    *(".conf", ".css", ".html", ".ini", ".js", ".md", ".proto"),
    *(".sh", ".sql", ".template", ".toml", ".yaml", ".yml"),
}
_TEXT_NAMES = {"Dockerfile", "just", "justfile", "run", ".editorconfig", ".env.example", ".importlinter", "CODEOWNERS"}
#: Generated from the contract, which is checked itself, and texts of others.
_EXCLUDED = ("packages/shared-contracts/src/", "protos/buf/", "protos/google/", "LICENSE", "uv.lock")
_COMMENT_MARK = re.compile(r"^[ \t]*(#+|//+|--|\*)", re.MULTILINE)


def find(text: str) -> Iterator[tuple[int, str]]:
    """Yields the line number and the phrase of each hit in a text of prose."""
    for hit in _FORBIDDEN.finditer(text):
        yield text.count("\n", 0, hit.start()) + 1, " ".join(hit.group(1).split()).lower()


def prose(path: Path, text: str, *, names: bool = False) -> str:
    """Returns what of a file is prose, each word on the line that it has in the file. With names: of functions, too."""
    if path.suffix == ".md":
        return text
    if path.suffix != ".py":
        return _COMMENT_MARK.sub("", text)
    lines = [""] * (text.count("\n") + 2)
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            lines[token.start[0]] += " " + token.string.lstrip("#: ")
    for line, string in _strings(ast.parse(text), only_docstrings=path.parts[0] == "tests", names=names):
        for number, part in enumerate(string.splitlines(), line):
            lines[min(number, len(lines) - 1)] += " " + part
    return "\n".join(lines[1:])


def _strings(tree: ast.Module, *, only_docstrings: bool, names: bool) -> Iterator[tuple[int, str]]:
    """Yields docstrings, other strings of more than one word and names of functions, each with its first line."""
    for node in ast.walk(tree):
        match node:
            case ast.Expr(value=ast.Constant(value=str(text))) if only_docstrings:
                yield node.lineno, text
            case ast.Constant(value=str(text)) if " " in text and not only_docstrings:
                yield node.lineno, text
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) if names:
                yield node.lineno, name.replace("_", " ")


def tracked(arguments: Sequence[str]) -> list[Path]:
    """Returns the paths, relative to the checkout, of the tracked files that may hold prose."""
    listed = subprocess.run(  # noqa: S603
        ["git", "ls-files", "-z", "--", *arguments],  # noqa: S607
        cwd=_ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    names = [name for name in listed.stdout.split("\0") if name and not name.startswith(_EXCLUDED)]
    paths = [Path(name) for name in names]
    return [
        path
        for path in paths
        if path.suffix in {".py", *_TEXT_SUFFIXES} or path.name in _TEXT_NAMES
        if (_ROOT / path).is_file()
    ]


def main(arguments: Sequence[str]) -> int:
    """Prints each hit, or the number of hits in each folder. Returns the exit code: 1 if there are any."""
    parser = argparse.ArgumentParser(prog="words", description="Finds words that the prose avoids.")
    parser.add_argument("--count", action="store_true", help="print the number of hits in each folder")
    parser.add_argument("--names", action="store_true", help="read the names of functions, too")
    parser.add_argument("paths", nargs="*", help="only these files and folders")
    parsed = parser.parse_args(arguments)
    hits = [
        (path, *hit)
        for path in tracked(parsed.paths)
        for hit in find(prose(path, (_ROOT / path).read_text(), names=parsed.names))
    ]
    if parsed.count:
        folders = Counter("/".join(path.parent.parts[:4]) or "." for path, _, _ in hits)
        lines = [f"{count:5} {folder}" for folder, count in sorted(folders.items())] + [f"{len(hits):5} in all"]
    else:
        lines = [f"{path}:{line}: {phrase}" for path, line, phrase in hits]
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return 1 if hits else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
