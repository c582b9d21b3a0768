"""How fast the client reads, counted and measured: groups, what is kept, the search, and calls under the quota."""
