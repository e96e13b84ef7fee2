# The door without flakes, and the table of contents of nix/.
#
#   nix-build                 the runner, over the nixpkgs that flake.lock pins
#   nix-shell                 a shell to work on it
#   nix-build -A libc …       the libc of a recipe; nix/libc.nix says the arguments
#   nix-build -A farm …       the objects of a plan, a link to each; nix/handed-over.nix says the arguments
#
# `packages` is where a package set lies, nixpkgs or nix/hostpkgs; flake.nix hands one in as `pkgs`.
{
  system ? builtins.currentSystem,
  packages ? import ./nix/nixpkgs.nix,
  pkgs ? import packages {
    inherit system;
    config = { };
    overlays = [ ];
  },
  inNixShell ? false,
}:
let
  scope = rec {
    # from a plan to derivations
    compiler = pkgs.plainCompiler or (import ./nix/compiler.nix { inherit pkgs; });
    inherit (pkgs) rustc;
    editors = import ./nix/editors.nix { inherit pkgs; };
    toolchain = import ./nix/toolchain.nix {
      inherit
        pkgs
        compiler
        rustc
        editors
        ;
    };
    world = import ./nix/world.nix { inherit system pkgs; };
    mkObject = import ./nix/mk-object.nix { };
    mkCircle = import ./nix/mk-circle.nix { };
    objects = import ./nix/objects.nix {
      inherit
        mkObject
        mkCircle
        toolchain
        world
        ;
    };
    handedOver = import ./nix/handed-over.nix { inherit objects; };
    farm = import ./nix/farm.nix { inherit handedOver world; };
    libc = import ./nix/libc.nix { inherit world; };
    pinned = import ./nix/pinned.nix { inherit pkgs compiler rustc; };

    # the runner and what is around it
    python = import ./nix/python.nix { inherit pkgs; };
    source = import ./nix/source.nix { };
    runTimePackages = import ./nix/run-time-packages.nix { inherit pkgs compiler packages; };
    app = import ./nix/package.nix {
      inherit pkgs compiler source;
      packages = runTimePackages;
      tests = checking.checks;
    };
    checking = import ./nix/checks.nix {
      inherit
        pkgs
        compiler
        python
        source
        app
        experiments
        ;
    };
    formatter = import ./nix/formatter.nix { inherit pkgs; };
    devShell = import ./nix/dev-shell.nix {
      inherit
        pkgs
        compiler
        python
        packages
        ;
    };

    # for experiments of one's own: what a plan does not say of a toolchain, and what a run is told of it
    stated = import ./nix/stated.nix { inherit pkgs editors; };
    exported =
      if pkgs.stdenv.isHost or false then
        [
          "CC=/usr/bin/gcc"
          "CXX=/usr/bin/g++"
          "RUSTC=/usr/bin/rustc"
        ]
      else
        [ "CC=${compiler}/bin/cc" ];
    lib = import ./nix/lib.nix { inherit packages; };
    experiments = import ./nix/experiments.nix {
      inherit
        lib
        pkgs
        app
        source
        exported
        ;
    };
    reports = import ./nix/reports.nix { inherit pkgs experiments; };
  };
in
if inNixShell then scope.devShell else scope
