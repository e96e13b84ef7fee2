# An experiment as derivations: its objects, a run, its report, and a check that fails unless all is as expected.
#
# Nix reads no YAML, so the plan is a file that `elfworlds plan --lock` writes beside the experiment; the check says
# when it is stale.
{ packages }:
{
  pkgs,
  plan, # that file; its own name says which experiment it is of: x.plan.json of x.yaml
  src, # a directory with the experiment, and csrc/ or sources beside it
  objects ? { }, # name → a package that lies beside the experiment under that name: `prebuilt: zlib/lib/libz.so`, `tree: zlib`
  toolchain ? pkgs.stdenv, # whose compilers are used
  elfworlds ? null, # the runner; the one of this flake by default
  file ? null, # the experiment below `src`, where it does not lie in it directly
}:
let
  scope = import ../default.nix {
    inherit (pkgs.stdenv.hostPlatform) system;
    inherit packages;
    pkgs = pkgs // {
      stdenv = toolchain;
    };
  };
  runner = if elfworlds == null then scope.app else elfworlds;
  locked = builtins.fromJSON (builtins.readFile plan);

  # Where an input lies: its text is in the plan; what is no text lies in `src` or in a package beside it.
  input =
    place: sha256:
    let
      place' = locked.files.${sha256};
      parts = builtins.match "([^/]+)/(.*)" place'.beside;
      package = if parts == null then null else objects.${builtins.head parts} or null;
    in
    if place' ? text then
      builtins.toFile "input" place'.text
    else if package != null then
      "${package}/${builtins.elemAt parts 1}"
    else
      "${src}/${place'.beside}";
  # A directory of `src` by its digest, as elfworlds hands it over; a package, or a part of one, is its own store path.
  tree =
    place:
    let
      parts = builtins.match "([^/]+)(/.*)?" place.beside;
      package = objects.${builtins.head parts} or null;
      rest = builtins.elemAt parts 1;
    in
    if package != null then
      { made = "${package}${if rest == null then "" else rest}"; }
    else
      {
        path = src + "/${place.beside}";
        inherit (place) sha256;
      };
  built = scope.objects {
    document = {
      inherit (locked) builds;
      trees = builtins.mapAttrs (_key: tree) (locked.trees or { });
      toolchain = scope.stated;
    };
    inherit input;
  };
  placed = name: builtins.filter (one: one.object == name) locked.objects;
  derived = key: if builtins.isString built.${key} then { outPath = built.${key}; } else built.${key};
  object =
    name:
    derived (builtins.head (placed name)).key
    // {
      points = map (one: one // { package = derived one.key; }) (placed name);
    };

  ran =
    import ./run-experiment.nix
      {
        inherit pkgs src;
        app = runner;
        beside = objects;
        inherit (scope) exported;
      }
      {
        name = locked.experiment;
        file = if file == null then locked.file else file;
      };
in
{
  objects = builtins.listToAttrs (
    map (one: {
      name = one.object;
      value = object one.object;
    }) locked.objects
  );
  inherit (ran) run report;
  check = ran.inProject "checked" ''
    elfworlds plan --locked "$file"
    ln -s ${ran.check} "$out"
  '';
}
