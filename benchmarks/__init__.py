"""How fast the program is; every benchmark runs by ``python -m benchmarks.NAME``."""
