# A shell to work on the runner: its Python packages, tests and lint; `elfworlds` is that of the working tree.
{
  pkgs,
  compiler,
  packages,
}:
let
  own = if pkgs.stdenv.isHost or false then { } else { CC = "${compiler}/bin/cc"; };
  python = pkgs.python3.withPackages (
    ps: with ps; [
      hypothesis
      jsonschema
      pandas
      pydantic
      pyelftools
      pytest
      pyyaml
      rich
      typer
    ]
  );
  elfworlds = pkgs.runCommand "elfworlds-of-the-tree" { inherit python; } ''
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
      python
      pkgs.ruff
    ];
    ELFWORLDS_BACKEND = "nix";
    ELFWORLDS_NIX_PACKAGES = packages;
    shellHook = ''
      export PYTHONPATH=$PWD/runner''${PYTHONPATH:+:$PYTHONPATH}
    '';
  }
)
