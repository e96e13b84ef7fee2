# One Python package's file, by its digest. ./seed has put it into the store; a build of it can only say so.
{ system }:
{ file, sha256, ... }:
derivation {
  name = file;
  inherit system;
  builder = "/usr/bin/bash";
  args = [
    "-c"
    ''echo "$name is not in the Nix store: run nix/hostpkgs/seed" >&2; exit 1''
  ];
  outputHashMode = "flat";
  outputHashAlgo = "sha256";
  outputHash = sha256;
}
