"""How calls travel: signed in, in their turn, through a circuit for each API group, within a size and a time."""
