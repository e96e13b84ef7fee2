# A pin of nixpkgs (toolchains/nixpkgs-*.json) → its toolchain as one store path, world.nix. `pin` is a file's absolute
# path, as a string; `rust` says whether the Rust compiler is wanted too, which is much to fetch.
{
  pin,
  rust ? false,
  system ? builtins.currentSystem,
}:
let
  pinned = builtins.fromJSON (builtins.readFile pin);
  packages = builtins.fetchTarball {
    name = "nixpkgs-${pinned.rev}";
    inherit (pinned) url;
    sha256 = pinned.narHash;
  };
  scope = import ../default.nix { inherit system packages; };
in
if builtins.compareVersions builtins.nixVersion pinned.nix < 0 then
  throw "this pin requires Nix ${pinned.nix}, and this is ${builtins.nixVersion}"
else
  scope.world { inherit rust; }
