"""What types cannot say of an experiment file: every name that is used is there, and every matcher can hold."""
