# The tools that edit a file after the link: tool → the package whose bin/ has it.
{ pkgs }:
let
  binutils = pkgs.binutils-unwrapped or pkgs.binutils;
in
{
  inherit (pkgs) patchelf chrpath;
  strip = binutils;
  objcopy = binutils;
  elfedit = binutils;
  eu-strip = pkgs.elfutils.bin or pkgs.elfutils;
}
