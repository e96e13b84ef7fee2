"""Any root as a toolchain: a directory that people have, named by a file of one's own."""
