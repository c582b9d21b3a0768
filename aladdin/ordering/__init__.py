"""Orders at Aladdin: posted, modified, canceled and found again, one by one and many at once."""
