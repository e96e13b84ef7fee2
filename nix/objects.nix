# The seam: a plan → one derivation per build key.
#
# `plan` is a JSON file: {"toolchain": {"tools": …, "env": …, "root": …}, "builds": {KEY: REQUEST}}, each request as
# `elfworlds plan --format json` shows it; `root` is null, or as world.nix reads it. `files` is a directory with every input under its sha256.
# Both are absolute paths as strings. `trees` has those that objects are files of, by key: {"path": …, "sha256": …};
# such an object is the tree's own store path. They go in as files, since one argument holds 128 KiB at most.
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

  # Nix knows a tree by its digest: it is read when it is not in the store, and only then.
  tree =
    key:
    builtins.path {
      name = "tree";
      inherit (document.trees.${key}) path sha256;
    };

  made =
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
    };

  objects = builtins.mapAttrs (
    key: request: if request ? tree then tree request.tree else made key request
  ) document.builds;
in
objects
