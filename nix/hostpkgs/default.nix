# What elfworlds uses of nixpkgs, over this machine's toolchain: for where nixpkgs cannot be fetched.
#
# Builds see the machine's /usr (conf/nix.conf); it is no input that Nix knows of. So its identity is put into
# every derivation: into an object's by its build key, into all others by host.json, which ./seed writes.
{
  system ? builtins.currentSystem,
  ...
}:
let
  lock = builtins.fromJSON (builtins.readFile ./wheels.lock.json);
  wheels = lock.systems.${system};
  identity = import ./identity.nix;
  usr.outPath = "/usr";
in
rec {
  lib = import ./lib.nix;
  stdenv = {
    isHost = true;
    hostPlatform = { inherit system; };
    cc = usr;
  };
  bash = usr;
  bubblewrap = usr;
  coreutils = usr;
  gdb = usr;
  git = usr;
  nix = usr;
  patchelf = usr;
  rustc = usr;
  strace = usr;
  valgrind = usr;
  zstd = usr;
  bashInteractive = runCommand "bash" { } ''
    mkdir -p "$out/bin"
    ln -s /usr/bin/bash "$out/bin/"
  '';

  runCommand = import ./run-command.nix { inherit system identity; };
  runCommandCC = runCommand;
  mkShell = import ./mk-shell.nix { inherit runCommand; };

  python3 = import ./python.nix {
    inherit runCommand;
    minor = lock.python;
    wheels = builtins.mapAttrs (
      _name: one: one // { path = import ./wheel.nix { inherit system; } one; }
    ) wheels;
  };
  python3Packages = python3.pkgs;
  ruff = runCommand "ruff" { python = python3.withPackages (packages: [ packages.ruff ]); } ''
    mkdir -p "$out/bin"
    ln -s "$python/bin/ruff" "$out/bin/"
  '';
}
