# The seam: a plan → one derivation per build key.
#
# `plan` is a JSON file: {"toolchain": {"tools": …, "env": …, "root": …}, "builds": {KEY: REQUEST}}, each request as
# `elfworlds plan --format json` shows it; `root` is null, or as world.nix reads it. `files` is a directory with every input under its sha256.
# Both are absolute paths as strings. They go in as files, since one argument holds 128 KiB at most.
{
  mkObject,
  toolchain,
  world,
}:
{ plan, files }:
let
  document = builtins.fromJSON (builtins.readFile plan);
  here = world document.toolchain;

  # One store path per content, whatever the directory: its name is fixed and its digest known.
  input =
    sha256:
    builtins.path {
      name = "input";
      path = "${files}/${sha256}";
      recursive = false;
      inherit sha256;
    };

  objects = builtins.mapAttrs (
    key: request:
    mkObject {
      inherit key;
      inherit (request) filename;
      links = request.links or [ ];
      argv = toolchain document.toolchain request.argv;
      after = map (toolchain document.toolchain) (request.after or [ ]);
      inherit (document.toolchain) env;
      world = here;
      inputs = builtins.mapAttrs (_place: input) request.inputs;
      needs = builtins.listToAttrs (
        map (name: {
          inherit name;
          value = objects.${name};
        }) request.needs
      );
    }
  ) document.builds;
in
objects
