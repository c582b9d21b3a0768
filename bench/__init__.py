"""Minimum dispersion measured against its peers: `make bench`. The app never imports this room."""
