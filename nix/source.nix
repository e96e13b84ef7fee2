# Some of the project's files as one store path: what is named and nothing that a working tree gathers.
{ }:
names:
let
  below = path: builtins.substring (builtins.stringLength (toString ../.) + 1) (-1) path;
  gathered =
    name: builtins.match "__pycache__|\\..*_cache|\\.hypothesis|.*\\.egg-info|host\\.json|result.*" name != null;
in
builtins.path {
  name = "elfworlds-source";
  path = ../.;
  filter =
    path: _type:
    let
      first = builtins.head (builtins.split "/" (below path));
    in
    builtins.elem first names && !gathered (baseNameOf path);
}
