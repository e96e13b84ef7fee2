# One object: runs a request's command and nothing else.
#
# A plain derivation, no stdenv: no setup hooks, no hardening, no fixup; compiler.nix has the rest of that.
{ }:
{
  key, # in the environment, and so is the toolchain's identity, which it digests
  filename,
  links, # further names of the file
  argv,
  env,
  world, # what starts the script, and what it sees: world.nix
  inputs, # place in the build directory → store path
  needs, # key → object
}:
let
  words = import ./shell-words.nix;
  symbols = {
    "@out@" = ''"$out"'';
    "@build@" = ''"$PWD"'';
  } // words.symbols needs;

  places = builtins.attrNames inputs;
  directories = words.unique (map dirOf places);
  lines = [
    ''mkdir "$NIX_BUILD_TOP/src" "$out"''
    ''cd "$NIX_BUILD_TOP/src"''
    "export TERM=dumb" # a builder has a terminal, where gcc would put links into its warnings
  ]
  ++ map (directory: "mkdir -p ${words.quote directory}") (builtins.filter (one: one != ".") directories)
  ++ map (place: "ln -s ${inputs.${place}} ${words.quote place}") places
  ++ map (link: ''ln -s ${words.quote filename} "$out"/${words.quote link}'') links
  ++ [ "exec ${builtins.concatStringsSep " " (map (words.replaced symbols) argv)}" ];
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
