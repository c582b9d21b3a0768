"""A simulated Aladdin: a server on a loopback address that answers the published calls from a `books.model.Book`."""
