# The seam: a plan → one derivation per build key.
#
# `document` is {"toolchain": {"tools": …, "env": …, "root": …}, "builds": {KEY: REQUEST}}, each request as
# `elfworlds plan --format json` shows it; `root` is null, or as world.nix reads it. `input` maps a place and the
# sha256 of what lies there while an object is built to a store path. `trees` has those that objects are files of, by
# key: {"path": …, "sha256": …}, {"stored": store path}, or {"made": a part of a derivation}; such an object is the tree's own store
# path. An object with a `circle` is a directory of a store path that all objects of its circle share. `made`, where it is there, has the store paths of what the objects need of other toolchains, by key.
{
  mkObject,
  mkCircle,
  toolchain,
  world,
}:
{ document, input }:
let
  here = world document.toolchain;

  # A file that somebody else built and that lies in the store keeps its references: as itself it is an input.
  inputsOf =
    request:
    if request ? origin then
      builtins.mapAttrs (_place: _sha256: builtins.storePath request.origin) request.inputs
    else
      builtins.mapAttrs input request.inputs;

  # Nix knows a tree by its digest: it is read when it is not in the store, and only then. One that is a store path
  # already is that path, with all that it refers to.
  tree =
    key:
    let
      here = document.trees.${key};
    in
    if here ? stored then
      builtins.storePath here.stored
    else
      here.made or (builtins.path {
        name = "tree";
        inherit (here) path sha256;
      });

  words = request: {
    inherit ({ links = [ ]; } // request) filename links;
    argv = toolchain document.toolchain request.argv;
    after = map (toolchain document.toolchain) (request.after or [ ]);
    inputs = inputsOf request;
  };
  needsOf =
    request:
    builtins.listToAttrs (
      map (name: {
        inherit name;
        value = objects.${name} or (builtins.storePath document.made.${name});
      }) request.needs
    );

  made =
    key: request:
    mkObject (
      words request
      // {
        inherit key;
        inherit (document.toolchain) env;
        world = here;
        needs = needsOf request;
      }
    );

  # A circle is made once, for that of its keys which comes first; all of it needs the same.
  first = key: request: builtins.head (builtins.sort builtins.lessThan ([ key ] ++ request.circle));
  circles = builtins.mapAttrs (
    key: request:
    mkCircle {
      members = builtins.listToAttrs (
        map (name: {
          inherit name;
          value = words document.builds.${name};
        }) ([ key ] ++ request.circle)
      );
      inherit (document.toolchain) env;
      world = here;
      needs = needsOf request;
    }
  ) document.builds;

  objects = builtins.mapAttrs (
    key: request:
    if request ? tree then
      tree request.tree
    else if request ? circle then
      circles.${first key request}.${key}
    else
      made key request
  ) document.builds;
in
objects
