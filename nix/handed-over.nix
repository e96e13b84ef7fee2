# What the nix backend hands over: `plan` is a JSON file, `files` a directory with every input under its sha256; both are
# absolute paths as strings. They go in as files, since one argument holds 128 KiB at most.
{ objects }:
{ plan, files }:
let
  input = _place: import ./input.nix { inherit files; };
  document = builtins.fromJSON (builtins.readFile plan);
in
{
  inherit document;
  objects = objects { inherit document input; };
}
