"""Qt models over plain frozen rows."""
