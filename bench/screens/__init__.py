"""How fast the screens are: the app as a process of its own, and sessions that speak to it as a browser does."""
