# `nix fmt`: Python by ruff, Nix by nixfmt where the package set has it.
{ pkgs }:
pkgs.runCommand "elfworlds-format"
  {
    formatter = pkgs.nixfmt or null;
    inherit (pkgs) ruff;
  }
  ''
    mkdir -p "$out/bin"
    cat > "$out/bin/elfworlds-format" <<END
    #!/bin/sh
    set -e
    $ruff/bin/ruff format .
    test -z "$formatter" || find . -name '*.nix' -not -path './.*' -exec $formatter/bin/nixfmt {} +
    END
    chmod +x "$out/bin/elfworlds-format"
  ''
