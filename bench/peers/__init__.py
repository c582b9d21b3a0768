"""The peers: general solvers, each set up as its users do and as well as it can be. Only here are they imported."""
