"""How each leaf of an experiment file is read, or refused with a hint."""
