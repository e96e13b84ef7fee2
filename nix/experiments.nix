# The experiments that come with elfworlds, as derivations: name → run, report, and objects where a plan is locked.
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
  src = source [
    "csrc"
    "experiments"
  ];
  made =
    name:
    let
      plan = ../experiments + "/${name}.plan.json";
    in
    import ./run-experiment.nix
      {
        inherit
          pkgs
          src
          app
          exported
          ;
      }
      {
        inherit name;
        file = "experiments/${name}.yaml";
      }
    // (
      if builtins.pathExists plan then
        { inherit (lib.mkExperiment { inherit pkgs plan src; elfworlds = app; }) objects; }
      else
        { }
    );
in
builtins.listToAttrs (
  map (one: rec {
    name = builtins.head one;
    value = made name;
  }) names
)
