# A package set in nixpkgs' form whose libc, compiler and tools lie in the store: copies of this machine's own, each
# started by its own dynamic loader, which finds libraries there, in the world that nix/pinned.nix makes and nowhere else.
{
  system ? builtins.currentSystem,
  ...
}:
let
  make =
    name: environment: script:
    derivation (
      environment
      // {
        inherit name system;
        builder = "/usr/bin/bash";
        PATH = "/usr/bin:/bin";
        args = [
          "-euc"
          script
        ];
      }
    );
  copies = make "own-copies" { launcher = ./launcher.c; } (builtins.readFile ./copy.sh);
  cc = make "own-cc" { inherit copies; } (builtins.readFile ./cc.sh);
  copy = version: copies // { inherit version; };
in
{
  stdenv = {
    hostPlatform = { inherit system; };
    cc = cc // {
      cc = copy "12.2.0";
      suffixSalt = "own";
    };
  };
  glibc = copy "2.99-7";
  binutils = copy "2.99";
  bash = copies;
  coreutils = copies;
  gdb = copy "99.1";
  patchelf = copies;
  strace = copy "9.9";
  valgrind = copy "";
  rustc = throw "no Rust here";
}
