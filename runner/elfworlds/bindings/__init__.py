"""Which definition each reference of loaded objects binds to, by glibc's rules, without running anything; pure."""

from elfworlds.bindings.foretell import Foretold, Linked, Opened, Scope, foretell, opened, serving, started, wants
from elfworlds.bindings.lookup import Definitions, Wanted, is_offered

__all__ = [
    "Definitions",
    "Foretold",
    "Linked",
    "Opened",
    "Scope",
    "Wanted",
    "foretell",
    "is_offered",
    "opened",
    "serving",
    "started",
    "wants",
]
