# Where the store has, or will have, each file of the lock: file → store path. ./seed asks this.
{ system }:
let
  lock = builtins.fromJSON (builtins.readFile ./wheels.lock.json);
in
builtins.listToAttrs (
  map (one: {
    name = one.file;
    value = (import ./wheel.nix { inherit system; } one).outPath;
  }) (builtins.attrValues lock.systems.${system})
)
