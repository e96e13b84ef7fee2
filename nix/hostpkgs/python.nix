# A Python of the locked minor version, the machine's unless another is given, with packages made from wheels.
{
  runCommand,
  minor,
  wheels, # name → { path, version, requires, … }
  interpreter ? "/usr/bin/python${minor}",
  shell ? "/bin/sh",
}:
let
  pkgs = builtins.mapAttrs (name: one: one // { inherit name; }) wheels;

  # Everything that packages need, each once, in an order that does not change.
  closure =
    packages:
    map (one: pkgs.${one.key}) (
      builtins.genericClosure {
        startSet = map (one: { key = one.name; }) packages;
        operator = one: map (key: { inherit key; }) wheels.${one.key}.requires;
      }
    );

  # pip runs from its own wheel. Byte code goes by the sources' digests, so that it is the same every time.
  withPackages =
    choose:
    runCommand "python3-${minor}-env"
      {
        wheels = map (one: one.path) (closure (choose pkgs));
        pip = wheels.pip.path;
        inherit interpreter;
      }
      ''
        "$interpreter" -m venv --without-pip "$out"
        mkdir wheels
        for wheel in $wheels $pip; do
          file=''${wheel##*/}
          ln -s "$wheel" "wheels/''${file#*-}"
        done
        pip=$(echo wheels/pip-*.whl)
        test -z "$wheels" || find wheels -name '*.whl' ! -path "$pip" -print0 | sort -z |
          PYTHONPATH=$pip xargs -0 "$out/bin/python3" -m pip install --quiet --no-index --no-deps --no-compile \
            --no-cache-dir --disable-pip-version-check --root-user-action=ignore
        "$out/bin/python3" -m compileall -q --invalidation-mode unchecked-hash "$out/lib"
      '';
  buildPythonApplication = import ./python-application.nix {
    inherit
      runCommand
      withPackages
      minor
      shell
      ;
    pip = wheels.pip.path;
  };
in
{
  inherit withPackages;
  pkgs = pkgs // {
    inherit buildPythonApplication;
  };
  pythonVersion = minor;
}
