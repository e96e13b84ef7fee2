# What an experiment names by `prebuilt: {nix: EXPRESSION}`: a package of the package set, or what is made of them.
{
  packages ? import ./nixpkgs.nix,
  expression, # package set → derivation
}:
expression (
  import packages {
    config = { };
    overlays = [ ];
  }
)
