"""Every value that a trial may give, and what it is."""
