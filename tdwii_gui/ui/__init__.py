"""Qt windows over the actors."""
