"""Pins of nixpkgs: a commit's own libc, compiler and debugger, made or fetched by Nix."""

from elfworlds.toolchains.nixpkgs.made import Made, found, make, unmade
from elfworlds.toolchains.nixpkgs.pin import Pin

__all__ = ["Made", "Pin", "found", "make", "unmade"]
