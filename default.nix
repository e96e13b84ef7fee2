# The door without flakes, and the table of contents of nix/.
#
#   nix-build                 the runner, over the nixpkgs that flake.lock pins
#   nix-shell                 a shell to work on it
#   nix-build -A build …      the objects of a plan; `objects` has them by key, nix/objects.nix says the arguments
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
    compiler = import ./nix/compiler.nix { inherit pkgs; };
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
    objects = import ./nix/objects.nix { inherit mkObject toolchain world; };
    build = { plan, files }: builtins.filter builtins.isAttrs (builtins.attrValues (objects { inherit plan files; }));
    manifest = import ./nix/manifest.nix { inherit objects; };
    pinned = import ./nix/pinned.nix { inherit pkgs compiler rustc; };

    # the runner and what is around it
    python = import ./nix/python.nix { inherit pkgs; };
    source = import ./nix/source.nix { };
    app = import ./nix/app.nix {
      inherit
        pkgs
        compiler
        python
        source
        packages
        ;
    };
    checks = import ./nix/checks.nix {
      inherit
        pkgs
        compiler
        python
        source
        app
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
  };
in
if inNixShell then scope.devShell else scope
