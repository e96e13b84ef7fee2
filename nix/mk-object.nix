# One object: runs a request's command and nothing else.
#
# A plain derivation, no stdenv: no setup hooks, no hardening, no fixup; compiler.nix has the rest of that.
_:
{
  key, # in the environment, and so is the toolchain's identity, which it digests
  filename,
  links, # further names of the file
  argv,
  after, # commands that edit the file then
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
  }
  // words.symbols needs;

  command = argv: builtins.concatStringsSep " " (map (words.replaced symbols) argv);
  # Who reads the log learns from the last line which command it was.
  failed = step: ''{ status=$?; echo "elfworlds: after ${toString step}" >&2; exit "$status"; }'';

  places = builtins.attrNames inputs;
  directories = words.unique (map dirOf places);
  lines = [
    ''mkdir "$NIX_BUILD_TOP/src" "$out"''
    ''cd "$NIX_BUILD_TOP/src"''
    "export TERM=dumb" # a builder has a terminal, where gcc would put links into its warnings
  ]
  ++ map (directory: "mkdir -p ${words.quote directory}") (
    builtins.filter (one: one != ".") directories
  )
  ++ map (place: "ln -s ${inputs.${place}} ${words.quote place}") places
  ++ map (link: ''ln -s ${words.quote filename} "$out"/${words.quote link}'') links
  ++ (
    if after == [ ] then
      [ "exec ${command argv}" ]
    else
      [
        (command argv)
        ''chmod u+w "$out"/${words.quote filename}'' # a copy is read-only
      ]
      ++ builtins.genList (step: "${command (builtins.elemAt after step)} || ${failed step}") (
        builtins.length after
      )
  );
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
