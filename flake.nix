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
      perSystem =
        view:
        builtins.listToAttrs (
          map (system: {
            name = system;
            value = view (
              import ./default.nix {
                inherit system;
                packages = "${nixpkgs}";
                pkgs = nixpkgs.legacyPackages.${system};
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
