# nixpkgs' mkShell: an environment for nix-shell and nix develop, with programs in PATH; built, it is a list of them.
{ runCommand }:
{
  packages ? [ ],
  shellHook ? "",
  ...
}@arguments:
runCommand "elfworlds-shell" (
  removeAttrs arguments [ "packages" ]
  // {
    inherit packages;
    stdenv = "/usr";
    shellHook = ''
      for one in $packages; do PATH=$one/bin:$PATH; done
      export PATH
    ''
    + shellHook;
  }
) ''printf '%s\n' $packages > "$out"''
