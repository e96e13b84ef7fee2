# nixpkgs' compiler without what its wrapper adds: no run paths of its own, no hardening. The wrapper asks for both
# by variables that end in the compiler's suffix. (With the host as package set this is not used.)
{ pkgs }:
let
  inherit (pkgs.stdenv.cc) suffixSalt;
in
derivation {
  name = "plain-cc";
  inherit (pkgs.stdenv.hostPlatform) system;
  builder = "${pkgs.bash}/bin/bash";
  PATH = "${pkgs.coreutils}/bin";
  cc = "${pkgs.stdenv.cc}";
  args = [
    "-euc"
    ''
      mkdir -p "$out/bin"
      for tool in cc c++; do
        printf '%s\n' '#!${pkgs.bash}/bin/bash' \
          'export NIX_DONT_SET_RPATH_${suffixSalt}=1 NIX_HARDENING_ENABLE_${suffixSalt}=' \
          "exec $cc/bin/$tool"' "$@"' > "$out/bin/$tool"
        chmod +x "$out/bin/$tool"
      done
    ''
  ];
}
