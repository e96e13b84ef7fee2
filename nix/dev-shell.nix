# A shell to work on the runner: its Python packages, tests and lint; `elfworlds` is that of the working tree.
{
  pkgs,
  compiler,
  python,
  packages,
}:
let
  environment = python { extras = [ "test" ]; };
  own = if pkgs.stdenv.isHost or false then { } else { CC = "${compiler}/bin/cc"; };
  elfworlds = pkgs.runCommand "elfworlds-of-the-tree" { python = environment; } ''
    mkdir -p "$out/bin"
    printf '#!/bin/sh\nexec %s -m elfworlds "$@"\n' "$python/bin/python3" > "$out/bin/elfworlds"
    chmod +x "$out/bin/elfworlds"
  '';
in
pkgs.mkShell (
  own
  // {
    packages = [
      elfworlds
      environment
      pkgs.ruff
    ];
    ELFWORLDS_BACKEND = "nix";
    ELFWORLDS_NIX_PACKAGES = packages;
    shellHook = ''
      export PYTHONPATH=$PWD/runner''${PYTHONPATH:+:$PYTHONPATH}
    '';
  }
)
