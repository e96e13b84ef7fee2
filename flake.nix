{
  description = "elfworlds: a reproducible experiment runner for ELF dynamic loading";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-25.11";

  # A thin view of default.nix, per system.
  outputs =
    { nixpkgs, ... }:
    let
      systems = [
        "x86_64-linux"
        "aarch64-linux"
      ];
      # Where nixpkgs cannot be had, Nix shows this with its own error. A Nix older than 2.20 does not, and one older
      # than 2.18 could not use it anyway: that is said beforehand.
      wayOut = "without a network: nix/hostpkgs/nix run . -- run experiments/same-lib.yaml; without Nix: make run; docs/nix.md";
      fetched =
        if builtins.compareVersions builtins.nixVersion "2.18" < 0 then
          builtins.trace "Nix ${builtins.nixVersion} is too old for the nixpkgs of flake.lock; ${wayOut}" nixpkgs
        else
          builtins.addErrorContext "nixpkgs could not be had; ${wayOut}" nixpkgs;
      perSystem =
        view:
        builtins.listToAttrs (
          map (system: {
            name = system;
            value = view (
              import ./default.nix {
                inherit system;
                packages = "${fetched}";
                pkgs = fetched.legacyPackages.${system};
              }
            );
          }) systems
        );
    in
    {
      packages = perSystem (scope: {
        default = scope.app;
      });
      apps = perSystem (scope: {
        default = {
          type = "app";
          program = "${scope.app}/bin/elfworlds";
        };
      });
      checks = perSystem (scope: scope.checks);
      devShells = perSystem (scope: {
        default = scope.devShell;
      });
      formatter = perSystem (scope: scope.formatter);
    };
}
