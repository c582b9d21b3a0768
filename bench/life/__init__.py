"""The life of an order, measured: from its confirmation to Aladdin, in a batch, and while it is followed."""
