# For experiments of one's own: lib.mkExperiment { inherit pkgs; plan = ./x.plan.json; src = ./.; }.
{ packages }:
{
  mkExperiment = import ./mk-experiment.nix { inherit packages; };
}
