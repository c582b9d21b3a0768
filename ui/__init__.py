"""What two screens share: session, frame, formats, forms, charts, tables. Sees `orders` and `allocation` only."""
