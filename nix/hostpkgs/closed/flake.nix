# A flake of the directory above, where ../closed-root puts it.
{
  description = "A package set in nixpkgs' form of which nothing lies outside the store";

  outputs = _: {
    lib.isHostpkgs = true; # whose expressions any Nix with flakes reads
    legacyPackages = builtins.listToAttrs (
      map (system: {
        name = system;
        value = import ./closed { inherit system; };
      }) [ "x86_64-linux" ]
    );
  };
}
