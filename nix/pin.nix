# A pin of nixpkgs (toolchains/nixpkgs-*.json) → its toolchain as one store path, pinned.nix. `pin` is a file's absolute
# path, as a string; `rust` says whether the Rust compiler is wanted too, which is much to fetch.
{
  pin,
  rust ? false,
  system ? builtins.currentSystem,
}:
let
  told = builtins.fromJSON (builtins.readFile pin);
  packages = builtins.fetchTarball {
    name = "nixpkgs-${told.rev}";
    inherit (told) url;
    sha256 = told.narHash;
  };
  scope = import ../default.nix { inherit system packages; };
in
if builtins.compareVersions builtins.nixVersion told.nix < 0 then
  throw "this pin requires Nix ${told.nix}, and this is ${builtins.nixVersion}"
else
  scope.pinned { inherit rust; }
