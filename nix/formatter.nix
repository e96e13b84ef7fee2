# `nix fmt`: Python by ruff, Nix by nixfmt where the package set has it.
{ pkgs }:
let
  nixfmt = pkgs.nixfmt or null;
in
pkgs.runCommand "elfworlds-format"
  {
    inherit nixfmt;
    inherit (pkgs) ruff;
  }
  ''
    mkdir -p "$out/bin"
    cat > "$out/bin/elfworlds-format" <<END
    #!/bin/sh
    set -e
    $ruff/bin/ruff format .
    test -z "$nixfmt" || find . -name '*.nix' -not -path './.*' -exec $nixfmt/bin/nixfmt {} +
    END
    chmod +x "$out/bin/elfworlds-format"
  ''
