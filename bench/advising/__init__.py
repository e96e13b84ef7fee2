"""What `elfworlds advise` foretells, beside what really happens."""
