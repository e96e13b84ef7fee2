# A package set in nixpkgs' form whose compilers are derivations: here scripts before the host's.
{
  system ? builtins.currentSystem,
  ...
}:
let
  host = import ../../../../nix/hostpkgs { inherit system; };
  # A package whose programs are the host's.
  of =
    name: programs:
    derivation {
      name = "own-${name}";
      inherit system programs;
      builder = "/usr/bin/bash";
      PATH = "/usr/bin";
      args = [
        "-euc"
        ''
          mkdir -p "$out/bin"
          for program in $programs; do
            printf '#!/usr/bin/bash\nexec /usr/bin/%s "$@"\n' "$program" > "$out/bin/$program"
            chmod +x "$out/bin/$program"
          done
        ''
      ];
    };
in
host
// {
  patchelf = of "patchelf" "patchelf";
  binutils = of "binutils" "strip objcopy elfedit";
  rustc = derivation {
    name = "own-rustc";
    inherit system;
    builder = "/usr/bin/bash";
    PATH = "/usr/bin";
    args = [
      "-euc"
      ''
        mkdir -p "$out/bin"
        printf '#!/usr/bin/bash\n[ "$*" = "--print sysroot" ] && echo /usr/lib || exec /usr/bin/rustc "$@"\n' > "$out/bin/rustc"
        chmod +x "$out/bin/rustc"
      ''
    ];
  };
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
