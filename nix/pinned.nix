# A package set's toolchain as one store path. root/ is what a program finds as its / beside the store: a shell, small
# programs, no library. world.json says where the compiler, libc, debugger and tracers lie, and of which versions they are.
{
  pkgs,
  compiler,
  rustc,
}:
{
  rust ? false,
}:
let
  output = name: package: package.${name} or package;
  libc = pkgs.glibc;
  packages = {
    inherit (pkgs)
      binutils
      gdb
      patchelf
      strace
      valgrind
      ;
    glibc = libc;
    gcc = pkgs.stdenv.cc.cc;
  }
  // (if rust then { inherit rustc; } else { });

  said = {
    schema = 1;
    inherit (pkgs.stdenv.hostPlatform) system;
    packages = builtins.mapAttrs (_name: package: {
      path = "${package}";
      inherit ({ version = ""; } // package) version;
    }) packages;
    libc = "${libc}/lib";
    static = "${output "static" libc}/lib"; # what a static program links with, a package of its own in nixpkgs
    debug = if libc ? debug then "${libc.debug}/lib/debug" else "";
    cc = "${compiler}/bin/cc";
    coreutils = "${pkgs.coreutils}";
    sh = "${pkgs.bash}/bin/bash";
  };
in
if pkgs.stdenv.isHost or false then
  throw "this package set is the machine's own toolchain: it has no libc in the store"
else
  derivation {
    name = "elfworlds-world";
    inherit (pkgs.stdenv.hostPlatform) system;
    builder = "${pkgs.bash}/bin/bash";
    inherit (pkgs) coreutils;
    PATH = "${pkgs.coreutils}/bin";
    passAsFile = [ "said" ];
    said = builtins.toJSON said;
    inherit (said) sh;
    args = [
      "-euc"
      ''
        mkdir -p "$out/root/usr/bin" "$out/root/etc"
        ln -s "$coreutils"/bin/* "$out/root/usr/bin/"
        ln -sf "$sh" "$out/root/usr/bin/sh"
        echo 'root:x:0:0:root:/root:/bin/sh' > "$out/root/etc/passwd"
        echo 'root:x:0:' > "$out/root/etc/group"
        echo '127.0.0.1 localhost' > "$out/root/etc/hosts"
        cp "$saidPath" "$out/world.json"
        exit # so that bash does not become cp, which closes its output before it ends: Nix would take that for the end
      ''
    ];
  }
