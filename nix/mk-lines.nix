# The lines of a shell script that make one object: its sources laid out in a directory, then a request's commands.
#
# `last` says whether the script ends with them.
{
  filename,
  links, # further names of the file
  argv,
  after, # commands that edit the file then
  inputs, # place in the build directory → store path
  symbols, # `@KEY@` → a word for the shell
  src ? "src",
  out ? ''"$out"'',
  last ? true,
  ...
}:
let
  words = import ./shell-words.nix;
  own = {
    "@out@" = out;
    "@build@" = ''"$PWD"'';
  };
  command = argv: builtins.concatStringsSep " " (map (words.replaced (own // symbols)) argv);
  # Who reads the log learns from the last line which command it was.
  failed = step: ''{ status=$?; echo "elfworlds: after ${toString step}" >&2; exit "$status"; }'';

  places = builtins.attrNames inputs;
  directories = words.unique (map dirOf places);
in
[
  ''mkdir "$NIX_BUILD_TOP/${src}" ${out}''
  ''cd "$NIX_BUILD_TOP/${src}"''
  "export TERM=dumb" # a builder has a terminal, where gcc would put links into its warnings
]
++ map (directory: "mkdir -p ${words.quote directory}") (
  builtins.filter (one: one != ".") directories
)
++ map (place: "ln -s ${inputs.${place}} ${words.quote place}") places
++ map (link: ''ln -s ${words.quote filename} ${out}/${words.quote link}'') links
++ (
  if after == [ ] then
    [ (if last then "exec ${command argv}" else command argv) ]
  else
    [
      (command argv)
      ''chmod u+w ${out}/${words.quote filename}'' # a copy is read-only
    ]
    ++ builtins.genList (step: "${command (builtins.elemAt after step)} || ${failed step}") (
      builtins.length after
    )
)
