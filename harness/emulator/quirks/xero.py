"""Xero."""

from harness.emulator.quirks.registry import EVERY, Fact

FACTS = (
    Fact("real_time", True, "D:implementation-guides/webhooks"),
    Fact("deletes_in_events", True, "D:rest/2023-03-14/events"),
    Fact("deletes_told", EVERY, "INFERRED: the page's list is cut after bill credit memos"),
    Fact("told", "lists of attachments hold historical ones too; the double has none", "D:bill-attachments"),
    Fact("told", "created_at of attachments may be empty: the setting xero_attachment_date", "S24: trap 35"),
    Fact("told", "changes that do not move UpdatedDateUTC (attachments, contacts) are never synced", "H:1540771146"),
    Fact("told", "class_id is deprecated: custom fields take its place", "S24"),
    Fact("told", "an app may have 25 connections until it is a partner", "D:platforms/xero"),
)
