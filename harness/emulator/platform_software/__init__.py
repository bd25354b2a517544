"""Edits made in a platform's own software, behind the API's back."""
