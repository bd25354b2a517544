"""One `RunReport` model and functions from it to files; the ledger that workers append to."""
