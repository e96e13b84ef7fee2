# A Python with what pyproject.toml asks for; `extras` are names of its optional dependencies.
{ pkgs }:
{
  extras ? [ ],
}:
let
  requirements = import ./requirements.nix;
in
pkgs.python3.withPackages (
  packages: requirements.dependencies packages ++ requirements.extras extras packages
)
