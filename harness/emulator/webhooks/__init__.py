"""Webhooks: what happened, told to the configured endpoints."""
