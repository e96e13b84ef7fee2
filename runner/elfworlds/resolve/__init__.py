"""Where a dynamic loader would look for a needed name, and what it would find; nothing is executed.

glibc's rules are in `glibc`, musl's in `musl`, and what both share in `types`. Where the rules cannot tell, an `Edge`
says so (`sure`).
"""

from elfworlds.resolve.begin import begin, load, opener, serve, tree
from elfworlds.resolve.glibc import NODEFLIB, find
from elfworlds.resolve.header import refusal
from elfworlds.resolve.sentence import why_not_found
from elfworlds.resolve.tokens import cache_key, expand_tokens, library_path
from elfworlds.resolve.types import GLIBC, MUSL, Edge, LoadedObject, Namespace, Refusal, SearchPlace, Surroundings

__all__ = [
    "GLIBC",
    "MUSL",
    "NODEFLIB",
    "Edge",
    "LoadedObject",
    "Namespace",
    "Refusal",
    "SearchPlace",
    "Surroundings",
    "begin",
    "cache_key",
    "expand_tokens",
    "find",
    "library_path",
    "load",
    "opener",
    "refusal",
    "serve",
    "tree",
    "why_not_found",
]
