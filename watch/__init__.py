"""What the desk counts of itself, and how it says that something it depends on is well: a leaf every room may use."""
