"""How many mutants of six rooms do the rooms' own tests catch? `python -m bench.mutants --help`."""
