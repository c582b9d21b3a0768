"""The ledger with up to a million order lines, on SQLite and on the emulated Snowflake, and the requests it takes."""
