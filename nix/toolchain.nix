# The words that a request's command begins with: its tool becomes a program of the package set, or, where the
# package set is the host or there is a root, the very program that the runner found and took the identity of.
{
  pkgs,
  compiler,
  rustc,
  editors,
}:
{
  tools,
  root ? null,
  ...
}:
argv:
let
  tool = builtins.head argv;
  own = {
    cp = [ "${pkgs.coreutils}/bin/cp" ];
    cc = [ "${compiler}/bin/cc" ];
    "c++" = [ "${compiler}/bin/c++" ];
    rustc = [
      "${rustc}/bin/rustc"
      "-C"
      "linker=${compiler}/bin/cc"
    ];
  }
  // builtins.mapAttrs (name: package: [ "${package}/bin/${name}" ]) editors;
  words = if root != null || pkgs.stdenv.isHost or false then tools.${tool} else own.${tool};
in
words ++ builtins.tail argv
