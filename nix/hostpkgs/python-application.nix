# nixpkgs' buildPythonApplication, as far as elfworlds uses it: a wheel made by the project's own build system,
# installed; what pyproject.toml asks for, with its bounds, has to be there; its programs are wrapped.
{
  runCommand,
  withPackages,
  minor,
  pip,
  shell,
}:
{
  pname,
  version,
  src,
  build-system,
  dependencies,
  makeWrapperArgs ? [ ],
  passthru ? { },
  meta ? { },
  ...
}:
let
  application =
    runCommand "${pname}-${version}"
      {
        inherit src pip shell;
        python = withPackages (_: dependencies);
        builderPython = withPackages (_: build-system);
        wrapping = builtins.concatStringsSep " " makeWrapperArgs;
        library = "lib/python${minor}/site-packages";
      }
      ''
        cp -r "$src" project
        chmod -R u+w project
        cd project
        export HOME=$NIX_BUILD_TOP SOURCE_DATE_EPOCH=315532800
        mkdir ../wheels
        ln -s "$pip" "../wheels/''${pip#*-}"
        run_pip() {
          PYTHONPATH=$(echo ../wheels/pip-*.whl):$2 "$1/bin/python3" -m pip --disable-pip-version-check "''${@:3}"
        }
        offline='--quiet --no-index --no-deps --no-cache-dir'
        run_pip "$builderPython" "" wheel $offline --no-build-isolation --wheel-dir ../dist .
        run_pip "$python" "" install $offline --no-compile --no-warn-script-location --root-user-action=ignore \
          --ignore-installed --prefix "$out" ../dist/*.whl
        run_pip "$python" "$out/$library" check
        "$python/bin/python3" -m compileall -q --invalidation-mode unchecked-hash "$out/$library"

        for program in "$out"/bin/*; do
          hidden=$out/bin/.''${program##*/}-wrapped
          mv "$program" "$hidden"
          {
            echo "#!$shell"
            echo "export PYTHONPATH=$out/$library"
            set -- $wrapping
            while [ $# -gt 0 ]; do
              case $1 in
              --set-default) echo "export $2=\''${$2-$3}" && shift 3 ;;
              --prefix) echo "export $2=$4\''${$2:+$3\$$2}" && shift 4 ;;
              --suffix) echo "export $2=\''${$2:+\$$2$3}$4" && shift 4 ;;
              *) echo "hostpkgs: makeWrapper has no $1 here" >&2 && exit 1 ;;
              esac
            done
            echo "exec $hidden \"\$@\""
          } > "$program"
          chmod +x "$program"
        done
      '';
in
application
// passthru
// {
  inherit
    pname
    version
    passthru
    meta
    ;
}
