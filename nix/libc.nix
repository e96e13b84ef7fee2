# The libc of a recipe: its sources unpacked, patched, configured and made in its base's root as `/`, by the steps that
# the runner takes without Nix, in a directory that lies at the same place.
#
# `plan` is a JSON file, {"name": …, "toolchain": {"env": …, "root": …}, "directories": …, "inputs": {PLACE: SHA256},
# "steps": [{"name": …, "inside": …, "words": …}]}; `files` is a directory with every input under its sha256.
{ world }:
{ plan, files }:
let
  document = builtins.fromJSON (builtins.readFile plan);
  words = import ./shell-words.nix;
  input = import ./input.nix { inherit files; };
  step = one: ''
    echo ${words.quote "elfworlds: step ${one.name}"}
    (cd ${one.inside} && ${builtins.concatStringsSep " " (map words.quote one.words)})
  '';
in
derivation (
  document.toolchain.env
  // world document.toolchain
  // {
    name = words.storeName document.name;
    passAsFile = [ "script" ];
    script = builtins.concatStringsSep "\n" (
      [
        "exec 2>&1"
        "export TERM=dumb MAKEFLAGS=-j$NIX_BUILD_CORES"
        "mkdir ${toString document.directories}"
      ]
      ++ map (place: "ln -s ${input document.inputs.${place}} ${words.quote place}") (
        builtins.attrNames document.inputs
      )
      ++ map step document.steps
    );
  }
)
