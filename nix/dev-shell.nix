# A shell to work on the runner: its Python packages, tests and lint; `elfworlds` from this working tree.
{ pkgs, packages }:
pkgs.mkShell {
  packages = [
    (pkgs.python3.withPackages (
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
    ))
    pkgs.ruff
  ];
  ELFWORLDS_BACKEND = "nix";
  ELFWORLDS_NIX_PACKAGES = packages;
  shellHook = ''
    export PYTHONPATH=$PWD/runner''${PYTHONPATH:+:$PYTHONPATH}
    elfworlds() { python3 -m elfworlds "$@"; }
  '';
}
