"""A libc built anew: a file of one's own names a base, sources, patches and configure words."""
