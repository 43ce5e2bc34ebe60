"""The page as a file: nothing from elsewhere, and nothing in it that text could become."""

import re
from base64 import b64encode
from hashlib import sha256

import pytest
from gateway.status.document import HTML, POLICY

#: What makes markup or code of a text.
SINKS = ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", "DOMParser")


@pytest.mark.parametrize("tag", ["script", "style"])
def test_the_policy_names_all_that_runs(tag: str) -> None:
    (content,) = re.findall(f"<{tag}>(.*?)</{tag}>", HTML, re.DOTALL)
    assert f"{tag}-src 'sha256-{b64encode(sha256(content.encode()).digest()).decode()}'" in POLICY
    assert f"<{tag}>" not in content


def test_nothing_but_that_is_allowed() -> None:
    assert POLICY.startswith("default-src 'none'; ")
    assert "unsafe" not in POLICY
    assert not re.search(r"\s(style|on\w+)=", HTML)


def test_nothing_is_fetched_from_elsewhere() -> None:
    assert re.findall(r"(?:https?:)?//[\w.]+", re.sub(r"^\s*//.*", "", HTML, flags=re.MULTILINE)) == [
        "http://www.w3.org"  # the name of SVG, which is not fetched
    ]
    assert set(re.findall(r'(?:src|href)="([^"]*)"', HTML)) == {"data:,", "/", "/metrics", "/status.json"}


@pytest.mark.parametrize("sink", SINKS)
def test_texts_stay_texts(sink: str) -> None:
    assert sink not in HTML
