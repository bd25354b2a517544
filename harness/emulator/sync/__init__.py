"""Syncs: what moves data from a platform's own software into the API, and when."""
