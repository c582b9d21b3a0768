"""What is read of Aladdin: each published read, what is kept of it, and the desk's nouns made from it."""
