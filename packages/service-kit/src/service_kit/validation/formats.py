"""Well-known formats of strings."""

import re

#: An email address as HTML defines it (https://html.spec.whatwg.org/#valid-e-mail-address), as in protovalidate.
EMAIL = re.compile(
    r"[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+"
    r"@[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*"
)

#: A UUID in its hyphenated form (RFC 9562, section 4).
UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def compile_pattern(pattern: str) -> re.Pattern[str]:
    """Compiles an RE2 pattern of a rule for re.search.

    In RE2, a final `$` matches at the very end only; in Python it also matches before a trailing line feed.
    """
    ends_in_dollar = pattern.endswith("$") and not pattern.endswith(r"\$")
    return re.compile(pattern[:-1] + r"\Z" if ends_in_dollar else pattern)
