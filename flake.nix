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
      # Where nixpkgs cannot be had, Nix shows this with its own error; a Nix older than 2.20 does not.
      wayOut = "without a network: nix/hostpkgs/nix run . -- run experiments/same-lib.yaml; without Nix: make run; docs/nix.md";
      had = builtins.addErrorContext "nixpkgs could not be had; ${wayOut}" nixpkgs;
      tooOld = builtins.compareVersions builtins.nixVersion "2.18" < 0 && !(had.lib.isHostpkgs or false);
      fetched =
        if tooOld then
          builtins.trace "Nix ${builtins.nixVersion} is too old for the nixpkgs of flake.lock; ${wayOut}" had
        else
          had;
      scopeOf =
        system:
        import ./default.nix {
          inherit system;
          packages = "${fetched}";
          pkgs = fetched.legacyPackages.${system};
        };
      perSystem =
        view:
        builtins.listToAttrs (
          map (system: {
            name = system;
            value = view (scopeOf system);
          }) systems
        );
    in
    {
      packages = perSystem (scope: {
        default = scope.app;
        inherit (scope) reports;
        report-same-lib = scope.experiments.same-lib.report;
      });
      legacyPackages = perSystem (scope: {
        inherit (scope) experiments;
        inherit (scope.checking) few;
      });
      apps = perSystem (scope: {
        default = {
          type = "app";
          program = "${scope.app}/bin/elfworlds";
        };
      });
      checks = perSystem (scope: scope.checking.checks);
      devShells = perSystem (scope: {
        default = scope.devShell;
      });
      formatter = perSystem (scope: scope.formatter);

      lib = import ./nix/lib.nix { packages = "${fetched}"; };
      overlays.default = final: prev: {
        elfworlds =
          (import ./default.nix {
            inherit (prev.stdenv.hostPlatform) system;
            packages = "${final.path}";
            pkgs = final;
          }).app;
      };
      templates.default = {
        path = ./nix/templates/default;
        description = "An experiment with its flake, and a check that it comes out as it says";
      };
    };
}
