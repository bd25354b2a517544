"""The backend's tables. One database holds events and their effects, so that both commit together."""

from sqlalchemy import Column, Float, Index, Integer, MetaData, String, Table, Text

METADATA = MetaData()
INBOX = Table(
    "inbox",
    METADATA,
    Column("digest", String(64), primary_key=True),
    Column("code", String(80), nullable=False),
    Column("kind", String(80), nullable=False),
    Column("connection_id", String(64)),
    Column("body", Text, nullable=False),
    Column("received_at", Float, nullable=False),
    Column("seen", Integer, nullable=False),
    Column("state", String(8), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due_at", Float, nullable=False),
    Column("lease_until", Float, nullable=False),
    Column("worker", String(64)),
    Column("error", Text),
    Index("inbox_due", "state", "due_at"),
    Index("inbox_connection", "connection_id"),
)
"""Webhooks as they came, without the tokens in them. `state` is new, done or dead."""

WISHES = Table(
    "wishes",
    METADATA,
    Column("connection_id", String(64), primary_key=True),
    Column("what", String(64), primary_key=True),
    Column("wanted_at", Float, nullable=False),
    Column("count", Integer, nullable=False),
    Column("due_at", Float, nullable=False),
    Column("lease_until", Float, nullable=False),
    Column("worker", String(64)),
    Index("wishes_due", "due_at"),
)
"""What has to be read again: a resource of a connection, or `connection` for its state. Many events, one wish."""

TOMBSTONES = Table(
    "tombstones",
    METADATA,
    Column("connection_id", String(64), primary_key=True),
    Column("resource", String(64), primary_key=True),
    Column("id", String(64), primary_key=True),
    Column("deleted_at", Float, nullable=False),
)
"""Objects that an event said were deleted: a page that was read before must not bring them back."""

CONNECTIONS = Table(
    "connections",
    METADATA,
    Column("id", String(64), primary_key=True),
    Column("platform", String(64), nullable=False),
    Column("name", Text),
    Column("token", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("reason", Text),
    Column("link_url", Text),
    Column("created_at", Float, nullable=False),
    Column("synced_at", Float),
)
"""Connections with their sealed token. `state` is syncing, healthy, unhealthy, needs_reauth or disabled."""

EXCHANGES = Table(
    "exchanges",
    METADATA,
    Column("digest", String(64), primary_key=True),
    Column("connection_id", String(64)),
    Column("begun_at", Float, nullable=False),
)
"""Public tokens by digest: the browser may hand one over twice, it is exchanged once. Source: trap 28."""

MIRROR = Table(
    "mirror",
    METADATA,
    Column("connection_id", String(64), primary_key=True),
    Column("resource", String(64), primary_key=True),
    Column("id", String(64), primary_key=True),
    Column("body", Text, nullable=False),
    Column("synced_ms", Float, nullable=False),
    Column("walk", Integer, nullable=False),
)
"""The customer's data as the API gave it last. `walk` is the number of the last whole walk that saw the row."""

CURSORS = Table(
    "cursors",
    METADATA,
    Column("connection_id", String(64), primary_key=True),
    Column("resource", String(64), primary_key=True),
    Column("since_ms", Float),
    Column("page", Text),
    Column("walk", Integer, nullable=False),
    Column("whole", Integer, nullable=False),
    Column("highest_ms", Float),
    Column("supported", Integer, nullable=False),
    Column("walked_at", Float),
)
"""How far each resource was read: `page` is the cursor to go on with, `since_ms` where the next walk begins."""

PAUSES = Table(
    "pauses",
    METADATA,
    Column("scope", String(64), primary_key=True),
    Column("until", Float, nullable=False),
    Column("count", Integer, nullable=False),
)
"""Who has to wait: `organisation` after a 429, a connection's id after a 452. Source: section 3."""

PLACES = Table(
    "places",
    METADATA,
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("at", Float, nullable=False),
)
"""The rate budget of several machines: when the request of each place may be sent, by the server's clock; place -1
holds how many were permitted."""

WRITES = Table(
    "writes",
    METADATA,
    Column("reference", String(64), primary_key=True),
    Column("connection_id", String(64), nullable=False),
    Column("resource", String(64), nullable=False),
    Column("body", Text, nullable=False),
    Column("state", String(8), nullable=False),
    Column("key", String(36), nullable=False),
    Column("job_id", String(64)),
    Column("object_id", String(64)),
    Column("problem", Text),
    Column("sent_at", Float),
    Column("looks", Integer, nullable=False),
    Column("tries", Integer, nullable=False),
    Index("writes_job", "job_id"),
    Index("writes_connection", "connection_id"),
)
"""Writes to the API with their idempotency keys. `state` is waiting, sent, job, unsure, done or failed."""
