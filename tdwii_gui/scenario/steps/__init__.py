"""What the steps of scenarios can do, by who does it."""
