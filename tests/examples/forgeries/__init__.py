"""Tokens that must be refused, by what is wrong with them; all that is not said to be wrong is as it must be."""

from tests.examples.forgeries.algorithms import ALGORITHMS
from tests.examples.forgeries.claims import CLAIMS
from tests.examples.forgeries.headers import HEADERS
from tests.examples.forgeries.shapes import SHAPES
from tests.examples.forgeries.signatures import SIGNATURES
from tests.examples.forgeries.signer import Forge, Signer
from tests.examples.forgeries.texts import TEXTS

__all__ = ["FORGERIES", "Signer"]

_GROUPS: dict[str, dict[str, Forge]] = {
    "algorithm": ALGORITHMS,
    "claim": CLAIMS,
    "header": HEADERS,
    "shape": SHAPES,
    "signature": SIGNATURES,
    "text": TEXTS,
}

FORGERIES: dict[str, Forge] = {
    f"{group}: {name}": forge for group, forges in _GROUPS.items() for name, forge in forges.items()
}
