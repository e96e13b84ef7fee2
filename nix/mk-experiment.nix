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

  # What lies beside the experiment.
  within = dirOf (if file == null then locked.file else file);
  beside = path: src + (if within == "." then "" else "/${within}") + "/${path}";

  # A file as it was when the plan was locked: one store path per content, which refers to nothing.
  file' =
    path: sha256:
    if builtins.hashFile "sha256" path == sha256 then
      builtins.path {
        name = "input";
        inherit path sha256;
        recursive = false;
      }
    else
      throw "${baseNameOf plan} is stale, ${baseNameOf path} is another one: elfworlds plan --lock ${locked.file}";

  # Where an input lies: its text is in the plan; what is no text lies in `src` or in a package beside it; headers come
  # with elfworlds.
  input =
    _place: sha256:
    let
      place = locked.files.${sha256};
      parts = builtins.match "([^/]+)/(.*)" place.beside;
      package = if parts == null then null else objects.${builtins.head parts} or null;
      source = beside place.source;
    in
    if place ? text then
      builtins.toFile "input" place.text
    else if place ? header then
      file' (../runner/elfworlds/driver/c + "/${place.header}") sha256
    else if place ? source then
      file' (if builtins.pathExists source then source else src + "/csrc/${place.source}") sha256
    else if package != null then
      "${package}/${builtins.elemAt parts 1}"
    else
      file' (beside place.beside) sha256;
  # A directory of `src`, or what an archive there holds, by its digest, as elfworlds hands it over; a package, or a part
  # of one, is its own store path.
  tree =
    place:
    let
      parts = builtins.match "([^/]+)(/.*)?" place.beside;
      package = objects.${builtins.head parts} or null;
      rest = builtins.elemAt parts 1;
      found =
        if package == null then beside place.beside else "${package}${if rest == null then "" else rest}";
    in
    if place ? archive then
      {
        made = import ./unpacked.nix { inherit pkgs runner; } {
          inherit (place) sha256;
          archive = if package == null then file' found place.archive else found;
          name = baseNameOf place.beside;
        };
      }
    else if package != null then
      { made = found; }
    else
      {
        path = found;
        inherit (place) sha256;
      };
  built = scope.objects {
    document = {
      builds = builtins.mapAttrs (
        _key: request:
        request // { argv = request.argv ++ scope.stated.runPath.${builtins.head request.argv} or [ ]; }
      ) locked.builds;
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
