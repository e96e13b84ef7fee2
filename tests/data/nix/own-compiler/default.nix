# A package set in nixpkgs' form whose compiler is a derivation: here a script before the host's.
{
  system ? builtins.currentSystem,
  ...
}:
let
  host = import ../../../../nix/hostpkgs { inherit system; };
in
host
// {
  stdenv = {
    hostPlatform = { inherit system; };
    cc =
      derivation {
        name = "own-compiler";
        inherit system;
        builder = "/usr/bin/bash";
        PATH = "/usr/bin";
        args = [
          "-euc"
          ''
            mkdir -p "$out/bin"
            printf '#!/usr/bin/bash\nPATH=/usr/bin exec /usr/bin/gcc "$@"\n' > "$out/bin/cc"
            chmod +x "$out/bin/cc"
          ''
        ];
      }
      // {
        suffixSalt = "own";
      };
  };
}
