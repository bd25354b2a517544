"""What lies under `Documents`: one database, its tables, the keys that lists filter and sort by, pages and records.

Nothing outside `harness.emulator` imports from here, and inside it only what a call of `Documents` takes or gives:
`Row`, `Query`, `Condition`, `Order`.
"""
