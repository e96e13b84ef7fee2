# A Python with what pyproject.toml asks for; `extras` are names of its optional dependencies.
{ pkgs }:
{
  extras ? [ ],
}:
let
  project = (builtins.fromTOML (builtins.readFile ../pyproject.toml)).project;
  asked = project.dependencies ++ builtins.concatMap (extra: project.optional-dependencies.${extra}) extras;
  name = requirement: builtins.head (builtins.match "([A-Za-z0-9_-]+).*" requirement);
in
pkgs.python3.withPackages (packages: map (requirement: packages.${name requirement}) asked)
