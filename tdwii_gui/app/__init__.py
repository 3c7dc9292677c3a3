"""Entry points: command line, run loop, logging."""
