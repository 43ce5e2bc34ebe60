"""Every file, link and heading that the documentation names exists."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PAGES = sorted(
    [
        *ROOT.glob("*.md"),
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "infra").rglob("*.md"),
        *(ROOT / "packages").glob("*/README.md"),
    ]
)
_FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_TOP_FOLDERS = ("benchmarks", "docs", "infra", "packages", "protos", "tests")
_NAMED = re.compile(r"`((?:" + "|".join(_TOP_FOLDERS) + r")/[\w./*-]*)`")
_TESTS = re.compile(r"`((?:browser|contract|e2e|faults|fuzz|integration|observability|unit)/[\w./]+\.py)`")
_PACKAGES = {
    "gateway": "packages/gateway/src",
    "local_stack": "infra/local/src",
    "order_svc": "packages/order-svc/src",
    "service_kit": "packages/service-kit/src",
    "user_svc": "packages/user-svc/src",
}
_MODULE = re.compile(r"`((?:" + "|".join(_PACKAGES) + r")(?:\.\w+)+)`")


def _is_there(name: str) -> bool:
    """Whether a dotted name is a module, or a name in one."""
    *parent, last = name.split(".")
    source = ROOT / _PACKAGES[(parent or [last])[0]]
    if _source_of(source.joinpath(*parent, last)):
        return True
    text = _source_of(source.joinpath(*parent))
    return text is not None and re.search(rf"\b{last}\b", text) is not None


def _source_of(module: Path) -> str | None:
    """Returns the source of a module or of a package's `__init__`; None if there is neither."""
    files = (module.with_suffix(".py"), module / "__init__.py")
    return next((file.read_text() or " " for file in files if file.is_file()), None)


def _text(page: Path) -> str:
    return _FENCED.sub("", page.read_text())


def _anchors(page: Path) -> set[str]:
    """Returns the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", _FENCED.sub("", page.read_text()), re.MULTILINE)
    plain = (re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading) for heading in headings)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in plain}


def _name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def test_the_pages_are_found() -> None:
    assert len(PAGES) > 50


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_each_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    for target in _LINK.findall(_text(page)):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        linked = (page.parent / path).resolve() if path else page
        assert linked.exists(), target
        if anchor:
            assert anchor in _anchors(linked), target


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_each_path_that_is_named_exists(page: Path) -> None:
    text = _text(page)
    missing = [name for name in _NAMED.findall(text) if not any(ROOT.glob(name.rstrip("/")))]
    missing += [name for name in _TESTS.findall(text) if not (ROOT / "tests" / name).is_file()]
    missing += [name for name in _MODULE.findall(text) if not _is_there(name)]
    assert not missing


def test_every_page_of_the_documentation_is_linked_from_its_index() -> None:
    index = "".join((ROOT / "docs" / page).read_text() for page in ("README.md", "adr/README.md"))
    linked = {target.partition("#")[0].rpartition("/")[2] for target in _LINK.findall(index)}
    pages = {page.name for page in (ROOT / "docs").rglob("*.md")} - {"README.md"}
    assert pages - linked == set()


def test_the_readme_fits_on_150_lines() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= 150
