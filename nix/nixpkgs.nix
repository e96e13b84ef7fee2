# flake.lock → nixpkgs: one pin for both doors.
let
  lock = builtins.fromJSON (builtins.readFile ../flake.lock);
  pin = lock.nodes.${lock.nodes.${lock.root}.inputs.nixpkgs}.locked;
in
builtins.fetchTarball {
  name = "nixpkgs-${pin.rev}";
  url = "https://github.com/${pin.owner}/${pin.repo}/archive/${pin.rev}.tar.gz";
  sha256 = pin.narHash;
}
