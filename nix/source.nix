# Some of the project's files as one store path: what is named, files or directories with all that is below, and nothing
# that a working tree gathers.
_: names:
let
  below = path: builtins.substring (builtins.stringLength (toString ../.) + 1) (-1) path;
  starts = before: path: builtins.substring 0 (builtins.stringLength before) path == before;
  named =
    path: builtins.any (name: path == name || starts "${name}/" path || starts "${path}/" name) names;
  gathered =
    name:
    builtins.match "__pycache__|\\..*_cache|\\.hypothesis|.*\\.egg-info|host\\.json|result(-.*)?" name
    != null;
in
builtins.path {
  name = "elfworlds-source";
  path = ../.;
  filter =
    path: _type:
    let
      place = below path;
      own = starts "results/" place && !(starts "results/reference" place || starts "results/series" place); # runs of a machine
    in
    named place && !own && !gathered (baseNameOf path);
}
