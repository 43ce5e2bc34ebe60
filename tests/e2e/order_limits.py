"""Orders at the limits of what CreateOrder accepts, and just beyond them."""

from typing import Any

from tests.e2e.orders import order_fields, order_line
from tests.e2e.shapes import MAX_SAFE_INTEGER

BILLION = 10**9
TRILLION = 10**12


def one(**changes: Any) -> dict[str, Any]:
    """Returns the fields of an order of one line, with the changes."""
    return order_fields(lines=[order_line(**changes)])


VALID: dict[str, dict[str, Any]] = {
    "sku of 1": one(sku="a"),
    "sku of 64": one(sku="s" * 64),
    "sku of 64 emoji": one(sku="🦀" * 64),
    "sku with quotes": one(sku="'; DROP TABLE orders; --\"\\"),
    "quantity 1": one(quantity=1),
    "quantity 10000": one(quantity=10_000, unit_price_minor=BILLION),
    "price 0": one(unit_price_minor=0),
    "price 10^12": one(unit_price_minor=TRILLION, quantity=1),
    "100 lines": order_fields(lines=[order_line(sku=f"sku-{number}") for number in range(100)]),
    "the same sku twice": order_fields(lines=[order_line(), order_line()]),
    "total 2^53-1": order_fields(
        lines=[
            order_line(quantity=MAX_SAFE_INTEGER // TRILLION, unit_price_minor=TRILLION),
            order_line(quantity=1, unit_price_minor=MAX_SAFE_INTEGER % TRILLION),
        ]
    ),
    "yen": order_fields(currency="JPY"),
    "a currency of 2025": order_fields(currency="XCG"),
}

INVALID: dict[str, tuple[str, dict[str, Any]]] = {
    "currency missing": ("currency", order_fields(currency=...)),
    "currency null": ("currency", order_fields(currency=None)),
    "currency empty": ("currency", order_fields(currency="")),
    "currency a number": ("currency", order_fields(currency=978)),
    "currency in small letters": ("currency", order_fields(currency="eur")),
    "currency unknown": ("currency", order_fields(currency="ZZZ")),
    "currency too long": ("currency", order_fields(currency="EURO")),
    "currency with new line": ("currency", order_fields(currency="EUR\n")),
    "lines missing": ("lines", order_fields(lines=...)),
    "lines null": ("lines", order_fields(lines=None)),
    "lines empty": ("lines", order_fields(lines=[])),
    "lines an object": ("lines", order_fields(lines=order_line())),
    "lines a string": ("lines", order_fields(lines="pen")),
    "101 lines": ("lines", order_fields(lines=[order_line()] * 101)),
    "line a number": ("lines[0]", order_fields(lines=[1])),
    "line null": ("lines[0]", order_fields(lines=[None])),
    "line a list": ("lines[1]", order_fields(lines=[order_line(), []])),
    "line empty": ("lines[0].sku", order_fields(lines=[{}])),
    "second line wrong": ("lines[1].sku", order_fields(lines=[order_line(), order_line(sku="")])),
    "sku missing": ("lines[0].sku", one(sku=...)),
    "sku null": ("lines[0].sku", one(sku=None)),
    "sku empty": ("lines[0].sku", one(sku="")),
    "sku of 65": ("lines[0].sku", one(sku="s" * 65)),
    "sku of 65 emoji": ("lines[0].sku", one(sku="🦀" * 65)),
    "sku a number": ("lines[0].sku", one(sku=1)),
    "sku with NUL": ("lines[0].sku", one(sku="a\x00b")),
    "sku with a lone surrogate": ("lines[0].sku", one(sku="a\udfff")),
    "price missing": ("lines[0].unit_price_minor", one(unit_price_minor=...)),
    "price null": ("lines[0].unit_price_minor", one(unit_price_minor=None)),
    "price past 10^12": ("lines[0].unit_price_minor", one(unit_price_minor=TRILLION + 1)),
    "quantity missing": ("lines[0].quantity", one(quantity=...)),
    "quantity null": ("lines[0].quantity", one(quantity=None)),
    "quantity 0": ("lines[0].quantity", one(quantity=0)),
    "quantity 10001": ("lines[0].quantity", one(quantity=10_001)),
    "unknown field": ("coupon", order_fields(coupon="x")),
    "unknown field of a line": ("lines[0].colour", one(colour="blue")),
    "field in camel case": ("lines[0].unitPriceMinor", one(unitPriceMinor=1)),
    "user id": ("user_id", order_fields(user_id="01890a5d-ac96-774b-bcce-b302099a8057")),
    "key in the body": ("idempotency_key", order_fields(idempotency_key="k")),
}
NO_INTEGERS = {
    "negative": -1,
    "half": 0.5,
    "one and a half": 1.5,
    "a string": "1",
    "a bool": True,
    "a list": [1],
    "an object": {"value": 1},
    "2^31": 2**31,
    "2^53": 2**53,
    "2^63": 2**63,
    "2^64 + 1": 2**64 + 1,
    "10^30": 10**30,
    "1e300": 1e300,
    "infinity": float("inf"),
    "not a number": float("nan"),
}
INVALID |= {f"quantity {name}": ("lines[0].quantity", one(quantity=value)) for name, value in NO_INTEGERS.items()}
INVALID |= {
    f"price {name}": ("lines[0].unit_price_minor", one(unit_price_minor=value))
    for name, value in NO_INTEGERS.items()
    if name != "2^31"
}
WITHOUT_A_FIELD = frozenset(name for name in INVALID if name.endswith(("infinity", "not a number")))
"""These are not JSON: the violation is on the body, not on the field."""
