# The project's files that decide a build, as one store path: not results, not what a working tree gathers.
{ }:
let
  top = [
    "csrc"
    "default.nix"
    "experiments"
    "flake.lock"
    "flake.nix"
    "LICENSE"
    "nix"
    "pyproject.toml"
    "README.md"
    "runner"
    "tests"
  ];
  root = toString ../.;
  below = path: builtins.substring (builtins.stringLength root + 1) (-1) path;
  unwanted = name: builtins.match "__pycache__|\\..*_cache|\\.hypothesis|.*\\.egg-info|host\\.json|result.*" name != null;
in
builtins.path {
  name = "elfworlds-source";
  path = ../.;
  filter =
    path: _type:
    let
      first = builtins.head (builtins.split "/" (below path));
    in
    builtins.elem first top && !(unwanted (baseNameOf path));
}
