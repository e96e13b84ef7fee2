# A package set in nixpkgs' form of which nothing lies outside the store: copies of this machine's programs, each started
# by a dynamic loader in the store; a compiler that is a wrapped derivation; libstdc++ at a path of its own.
#
# The copies are made where /usr is seen, by ../conf. Everything else is made, and runs, where there is only the store,
# as on NixOS: ../closed-root. It imitates nixpkgs; it says nothing of nixpkgs' own packages.
{
  system ? builtins.currentSystem,
  ...
}:
let
  lock = builtins.fromJSON (builtins.readFile ../wheels.lock.json);
  host = import ../run-command.nix {
    inherit system;
    identity = import ../identity.nix;
  };
  copies = host "closed-programs" { launcher = ./launcher.c; } (builtins.readFile ./copy.sh);
  libc = host "closed-libc" {
    outputs = [
      "out"
      "lib"
      "gcc"
    ];
  } (builtins.readFile ./libc.sh);
  cc = runCommand "closed-gcc-wrapper" {
    inherit copies libc;
    inherit (libc) lib gcc;
  } (builtins.readFile ./cc.sh);

  runCommand =
    name: environment: script:
    derivation (
      environment
      // {
        inherit name system script;
        builder = "${copies}/bin/bash";
        args = [
          "-euc"
          ''source "$scriptPath"''
        ];
        passAsFile = [ "script" ] ++ environment.passAsFile or [ ];
        PATH = "${copies}/bin";
        LC_ALL = "C";
        PYTHONUTF8 = "1";
      }
    );
in
rec {
  inherit runCommand;
  runCommandCC = runCommand;
  lib = import ../lib.nix;
  stdenv = {
    hostPlatform = { inherit system; };
    cc = cc // {
      inherit libc;
      cc = copies // {
        inherit (libc) lib;
      };
      suffixSalt = "closed";
    };
  };
  bash = copies;
  bashInteractive = copies;
  bubblewrap = copies;
  coreutils = copies;
  gdb = copies;
  git = copies;
  nix = copies;
  patchelf = copies;
  strace = copies;
  valgrind = copies;
  zstd = copies;
  rustc = throw "no Rust here";

  mkShell = import ../mk-shell.nix { inherit runCommand; };
  python3 = import ../python.nix {
    inherit runCommand;
    minor = lock.python;
    interpreter = "${copies}/bin/python${lock.python}";
    shell = "${copies}/bin/bash";
    wheels = builtins.mapAttrs (
      _name: one: one // { path = import ../wheel.nix { inherit system; } one; }
    ) lock.systems.${system};
  };
  python3Packages = python3.pkgs;
  ruff = runCommand "ruff" { python = python3.withPackages (packages: [ packages.ruff ]); } ''
    mkdir -p "$out/bin"
    ln -s "$python/bin/ruff" "$out/bin/"
  '';
}
