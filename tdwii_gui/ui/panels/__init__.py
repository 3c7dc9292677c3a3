"""Parts of windows that several of them share, or that have one task of their own."""
