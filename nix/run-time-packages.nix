# The package set that the nix backend of an installed runner evaluates: the host's as it is; of any other the few store
# paths that builds of objects use, so that no source of a package set is part of the runner's closure.
#
# What few experiments use is named and not referred to: it is fetched where an experiment needs it.
{
  pkgs,
  compiler,
  packages,
}:
let
  none = {
    rustc = null;
    patchelf = null;
    chrpath = null;
  };
  seldom = {
    inherit (none // pkgs) rustc patchelf chrpath;
    binutils = pkgs.binutils-unwrapped or pkgs.binutils or null;
    elfutils = pkgs.elfutils.bin or pkgs.elfutils or null;
  };
  # null for what a set has not, or refuses to make
  named =
    package:
    let
      path = builtins.tryEval (
        if package == null then null else builtins.unsafeDiscardStringContext "${package}"
      );
    in
    if path.success then path.value else null;
  line =
    name:
    let
      path = named seldom.${name};
    in
    if path == null then "" else "  ${name} = fetched \"${name}\" \"${path}\";\n";
in
if pkgs.stdenv.isHost or false then
  packages
else
  derivation {
    name = "elfworlds-packages";
    inherit (pkgs.stdenv.hostPlatform) system;
    builder = "${pkgs.bash}/bin/bash";
    PATH = "${pkgs.coreutils}/bin";
    passAsFile = [ "expression" ];
    expression = ''
      # Store paths of the package set that elfworlds was made from.
      _:
      let
        stored = builtins.storePath;
        system = "${pkgs.stdenv.hostPlatform.system}";
        bash = stored "${pkgs.bash}";
        coreutils = stored "${pkgs.coreutils}";
        fetched =
          name: path:
          derivation {
            inherit name system;
            builder = "''${bash}/bin/bash";
            PATH = "''${coreutils}/bin";
            path = stored path;
            args = [ "-euc" "ln -s $path $out; exit" ];
          };
      in
      {
        stdenv.hostPlatform = { inherit system; };
        inherit bash coreutils;
        plainCompiler = stored "${compiler}";
      ${builtins.concatStringsSep "" (map line (builtins.attrNames seldom))}}
    '';
    args = [
      "-euc"
      ''
        mkdir "$out"
        cp "$expressionPath" "$out/default.nix"
        exit
      ''
    ];
  }
