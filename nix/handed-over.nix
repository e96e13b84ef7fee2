# What the nix backend hands over: `plan` is a JSON file, `files` a directory with every input under its sha256; both are
# absolute paths as strings. They go in as files, since one argument holds 128 KiB at most.
{ objects }:
{ plan, files }:
let
  # One store path per content, whatever the directory: its name is fixed and its digest known.
  input =
    _place: sha256:
    builtins.path {
      name = "input";
      path = "${files}/${sha256}";
      recursive = false;
      inherit sha256;
    };
  document = builtins.fromJSON (builtins.readFile plan);
in
{
  inherit document;
  objects = objects { inherit document input; };
}
