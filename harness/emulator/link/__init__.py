"""Rutter Link: the popup in which an end user connects a platform, and its messages to the page that opened it."""
