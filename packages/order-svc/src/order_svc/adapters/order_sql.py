"""The SQL statements of the order repository.

Each write is one statement that includes its event: one round trip, one transaction. Every write ends in the INSERT of
the event, so its row count tells whether the write took place.
"""

from order_svc.domain.order_listing import MAX_PAGE_BYTES, ORDER_BYTES

# Composed of constants of this file only; every value is a parameter.
# ruff: noqa: S608

_COLUMNS = "order_id, user_id, currency, lines, total_minor, status, version, created_at, updated_at"

#: The columns that order_rows.order_of() reads, from `orders AS o`.
_ROW = (
    "o.order_id::text, o.user_id::text, o.currency, o.lines::text, o.total_minor, o.status, o.version, "
    "o.created_at, o.updated_at"
)

_CANDIDATE = """
  SELECT %(order_id)s::uuid AS order_id, %(user_id)s::uuid AS user_id, %(currency)s::text AS currency,
         %(lines)s::jsonb AS lines, %(total_minor)s::bigint AS total_minor, %(status)s::text AS status,
         %(version)s::bigint AS version, %(created_at)s::timestamptz AS created_at,
         %(updated_at)s::timestamptz AS updated_at"""

_LOG = """
INSERT INTO order_events (order_id, kind, actor_id, request_id, at, details)
SELECT order_id, %(kind)s::text, %(actor_id)s::uuid, %(event_request_id)s::text, %(event_at)s::timestamptz,
       %(details)s::jsonb
FROM written"""

GET = f"SELECT {_ROW} FROM orders AS o WHERE o.order_id = %s"


# Without a position the list begins behind infinity, so that one plan, a range scan of the index, serves every page.
# One row more than requested is read, to see whether there is a next page. Rows beyond MAX_PAGE_BYTES are neither sent
# nor decoded.
def _page(condition: str = "") -> str:
    return f"""
SELECT {_ROW}, o.found > o.place AS has_next
FROM (
  SELECT found.*, row_number() OVER newest AS place, count(*) OVER () AS found,
         sum(octet_length(found.lines) + {ORDER_BYTES}) OVER (newest ROWS UNBOUNDED PRECEDING) AS size_bytes
  FROM (
    SELECT o.order_id, o.user_id, o.currency, o.lines::text AS lines, o.total_minor, o.status, o.version, o.created_at,
           o.updated_at
    FROM orders AS o
    WHERE o.user_id = %(user_id)s
      AND (o.created_at, o.order_id) < (
        COALESCE(%(created_at)s::timestamptz, 'infinity'),
        COALESCE(%(order_id)s::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
      )
      {condition}
    ORDER BY o.created_at DESC, o.order_id DESC
    LIMIT %(limit)s::int + 1
  ) AS found
  WINDOW newest AS (ORDER BY found.created_at DESC, found.order_id DESC)
) AS o
WHERE o.place <= %(limit)s::int AND (o.place = 1 OR o.size_bytes <= {MAX_PAGE_BYTES})
ORDER BY o.created_at DESC, o.order_id DESC"""


#: A page of all statuses scans the index orders_of_a_user; a page of one status scans orders_of_a_user_by_status, so
#: that a rare status costs no more than a frequent one.
PAGE = _page()
PAGE_OF_A_STATUS = _page("AND o.status = %(status)s")

ADD = f"WITH written AS (INSERT INTO orders ({_COLUMNS}) {_CANDIDATE} RETURNING order_id) {_LOG}"

# The advisory lock marks the key as in progress. The transaction that holds it is this statement, so the lock lasts
# exactly until the outcome is known, and no request ever waits for the unique index.
ADD_ONCE = f"""
WITH guard AS MATERIALIZED (
  SELECT pg_try_advisory_xact_lock(hashtextextended(%(user_id)s::text || ' ' || %(key)s::text, 0)) AS held
), candidate AS ({_CANDIDATE}
), claimed AS (
  INSERT INTO idempotency_keys (user_id, key, fingerprint, first_answer, created_at)
  SELECT user_id, %(key)s, %(fingerprint)s, to_jsonb(candidate), created_at FROM candidate, guard WHERE held
  ON CONFLICT DO NOTHING
  RETURNING key
), written AS (
  INSERT INTO orders ({_COLUMNS}) SELECT {_COLUMNS} FROM candidate WHERE EXISTS (SELECT FROM claimed)
  RETURNING order_id
) {_LOG}"""

FIRST_ANSWER = f"""
SELECT k.fingerprint, {_ROW}
FROM idempotency_keys AS k, jsonb_populate_record(NULL::orders, k.first_answer) AS o
WHERE k.user_id = %s AND k.key = %s"""

SAVE = f"""
WITH written AS (
  UPDATE orders SET status = %(status)s, version = %(version)s, updated_at = %(updated_at)s
  WHERE order_id = %(order_id)s AND version = %(version)s::bigint - 1
  RETURNING order_id
) {_LOG}"""

# Updates the orders that are at their previous version.
SAVE_ALL = """
WITH changes AS (
  SELECT * FROM unnest(
    %(order_id)s::uuid[], %(status)s::text[], %(version)s::bigint[], %(updated_at)s::timestamptz[], %(kind)s::text[],
    %(actor_id)s::uuid[], %(event_request_id)s::text[], %(event_at)s::timestamptz[], %(details)s::jsonb[]
  ) AS change (order_id, status, version, updated_at, kind, actor_id, request_id, at, details)
), written AS (
  UPDATE orders AS o SET status = c.status, version = c.version, updated_at = c.updated_at
  FROM changes AS c WHERE o.order_id = c.order_id AND o.version = c.version - 1
  RETURNING o.order_id
)
INSERT INTO order_events (order_id, kind, actor_id, request_id, at, details)
SELECT order_id, kind, actor_id, request_id, at, details FROM changes JOIN written USING (order_id)"""

REMOVE = f"""
WITH written AS (
  DELETE FROM orders WHERE order_id = %(order_id)s AND version = %(version)s RETURNING order_id
) {_LOG}"""

# SKIP LOCKED: replicas that delete at the same time share the work and do not wait for each other.
DELETE_OLDER_KEYS = """
DELETE FROM idempotency_keys WHERE (user_id, key) IN (
  SELECT user_id, key FROM idempotency_keys WHERE created_at < %s
  ORDER BY created_at LIMIT %s FOR UPDATE SKIP LOCKED
)"""

# No SKIP LOCKED: every key of the user must be deleted.
DELETE_KEYS_OF_USER = """
DELETE FROM idempotency_keys WHERE (user_id, key) IN (
  SELECT user_id, key FROM idempotency_keys WHERE user_id = %s LIMIT %s
)"""

#: The constraint that ADD and ADD_ONCE violate when the owner is among the deleted users.
LIVING_OWNER_CONSTRAINT = "orders_have_living_owners"
