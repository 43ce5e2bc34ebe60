"""The load and the messages that the gateway and the floors share."""

CONNECTIONS = 16
ORDER_ID = "0190b3a1-0000-7000-8000-000000000000"
#: A small order, as a typical response.
ORDER_MESSAGE = {
    "order_id": ORDER_ID,
    "user_id": "0190b3a1-0000-7000-8000-00000000000a",
    "currency": "EUR",
    "lines": [
        {"sku": "walking-boots-42", "quantity": 1, "unit_price_minor": 12900},
        {"sku": "wool-socks", "quantity": 3, "unit_price_minor": 1450},
    ],
    "total_minor": 17250,
    "status": 1,
    "version": 1,
    "created_at": {"seconds": 1_790_000_000, "nanos": 123_456_000},
    "updated_at": {"seconds": 1_790_000_000, "nanos": 123_456_000},
}
