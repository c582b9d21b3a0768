"""BlackRock Aladdin: `client.Aladdin` is the client that production runs, the desk's market and broker. Nothing is
imported here: the simulated server is a process of its own, and would load the client with it."""
