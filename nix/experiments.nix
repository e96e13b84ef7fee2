# The experiments that come with elfworlds, as derivations: name → objects, run, report, check.
#
# Their locked plans, NAME.plan.json, lie beside them; that none is stale is held by one check for all: checks.nix.
{
  lib,
  pkgs,
  app,
  source,
  exported,
}:
let
  names = builtins.filter (name: name != null) (
    map (file: builtins.match "(.*)\\.yaml" file) (builtins.attrNames (builtins.readDir ../experiments))
  );
  made =
    name:
    let
      file = "experiments/${name}.yaml";
      # So that a change of another experiment changes no run of this one.
      src = source [
        "csrc"
        file
      ];
      locked = lib.mkExperiment {
        inherit pkgs src file;
        plan = ../experiments + "/${name}.plan.json";
        elfworlds = app;
      };
    in
    import ./run-experiment.nix {
      inherit
        pkgs
        src
        app
        exported
        ;
    } { inherit name file; }
    // {
      inherit (locked) objects;
    };
in
builtins.listToAttrs (
  map (match: rec {
    name = builtins.head match;
    value = made name;
  }) names
)
