# Some of the project's files as one store path: what is named and nothing that a working tree gathers.
{ }:
names:
let
  below = path: builtins.substring (builtins.stringLength (toString ../.) + 1) (-1) path;
  gathered =
    name: builtins.match "__pycache__|\\..*_cache|\\.hypothesis|.*\\.egg-info|host\\.json|result(-.*)?" name != null;
in
builtins.path {
  name = "elfworlds-source";
  path = ../.;
  filter =
    path: _type:
    let
      first = builtins.head (builtins.split "/" (below path));
      published = builtins.match "results(/reference(/.*)?)?" (below path) != null; # other runs are a machine's own
    in
    builtins.elem first names && (first != "results" || published) && !gathered (baseNameOf path);
}
