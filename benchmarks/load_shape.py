"""What gateway and floors have in common: the load, and the messages."""

CONNECTIONS = 16
ORDER_ID = "0190b3a1-0000-7000-8000-000000000000"
#: A small order: what an everyday answer looks like.
ORDER = {
    "currency": "EUR",
    "lines": [
        {"sku": "walking-boots-42", "quantity": 1, "unit_price_minor": 12900},
        {"sku": "wool-socks", "quantity": 3, "unit_price_minor": 1450},
    ],
}
