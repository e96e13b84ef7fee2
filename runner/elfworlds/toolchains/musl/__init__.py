"""musl's libc and compiler, as a part of a Debian root."""
