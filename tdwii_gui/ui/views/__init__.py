"""Views that are painted by ourselves."""
