"""The command line: one file per verb; each imports what it needs when it is called."""
