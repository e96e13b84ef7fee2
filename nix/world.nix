# What starts an object's script and what the script sees, as attributes of a derivation: the programs of the package
# set; or a root of Debian packages as its `/`, and nothing of the package set or of this machine (enter.c).
{ system, pkgs }:
{
  env,
  root ? null,
  ...
}:
if root == null then
  {
    inherit (pkgs.stdenv.hostPlatform) system;
    builder = "${pkgs.bash}/bin/bash";
    args = [
      "-euc"
      ''source "$scriptPath"''
    ];
    PATH = "${pkgs.coreutils}/bin";
  }
else
  let
    # Nix knows the tree by its digest: it is read when it is not in the store, and only then.
    tree = builtins.path {
      inherit (root) name sha256;
      path = root.tree;
    };
    # Files of other store paths that are seen instead of the root's own.
    over = builtins.concatMap (one: [
      "${builtins.storePath one.path}/${one.file}"
      one.inside
    ]) root.over;
    enter = builtins.path {
      name = "enter";
      path = root.enter;
    };
  in
  {
    inherit system;
    builder = enter;
    args = [
      tree
    ]
    ++ over
    ++ [
      "--"
      "/bin/sh"
      "-euc"
      ''. "$scriptPath"''
    ];
    inherit (env) PATH;
  }
