"""An experiment file as types: every key, what it holds, and what it means."""
