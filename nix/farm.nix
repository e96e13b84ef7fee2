# Every object of a plan as one store path, a link to each: one root of Nix' garbage collector then keeps them all.
#
# Its attribute `manifest` says where each object is or will be: key → its derivation and its directory, as JSON, which
# `nix-store --query --binding manifest` shows before anything is built.
{ handedOver, world }:
{ plan, files }:
let
  inherit (handedOver { inherit plan files; }) document objects;

  # Each tree once, of however many files of it are objects.
  trees = builtins.listToAttrs (
    map (key: {
      name = document.builds.${key}.tree;
      value = objects.${key};
    }) (builtins.filter (key: document.builds.${key} ? tree) (builtins.attrNames objects))
  );
in
derivation (
  document.toolchain.env
  // world document.toolchain
  // {
    name = "elfworlds-objects";
    passAsFile = [
      "script"
      "manifest"
      "paths"
    ];
    manifest = builtins.toJSON (
      builtins.mapAttrs (_key: object: {
        drv = builtins.unsafeDiscardStringContext (object.drvPath or ""); # a file of a tree has none
        out = builtins.unsafeDiscardStringContext "${object}";
      }) objects
    );
    paths = builtins.filter builtins.isAttrs (builtins.attrValues objects) ++ builtins.attrValues trees;
    script = ''
      mkdir "$out"
      set -f
      ln -s $(cat "$pathsPath") "$out"
      exit # so that the shell does not become ln, which closes its output before it ends: Nix takes that for the end
    '';
    allowSubstitutes = false;
  }
)
