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
    Column("lease_until", Float, nullable=False),
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
