# One object: runs a request's command and nothing else.
#
# A plain derivation, no stdenv: no setup hooks, no hardening, no fixup; compiler.nix has the rest of that.
_:
{
  key, # in the environment, and so is the toolchain's identity, which it digests
  filename,
  links,
  argv,
  after,
  env,
  world, # what starts the script, and what it sees: world.nix
  inputs,
  needs, # key → object
}:
let
  words = import ./shell-words.nix;
  lines = import ./mk-lines.nix {
    inherit
      filename
      links
      argv
      after
      inputs
      ;
    symbols = words.symbols needs;
  };
in
derivation (
  env
  // world
  // {
    inherit key;
    name = words.storeName filename;
    passAsFile = [ "script" ];
    script = builtins.concatStringsSep "\n" lines + "\n";
    allowSubstitutes = false; # a compilation is quicker than to ask a cache for it
  }
)
