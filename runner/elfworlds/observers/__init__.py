"""How a trial is watched: (trial, build, toolchain) → command, and what it left → values; one file each."""
