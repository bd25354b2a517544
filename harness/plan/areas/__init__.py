"""One module per area: which cases a requirement expands to."""
