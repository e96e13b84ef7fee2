"""One trial: whether it was tried, what was observed, and what the loader did."""
