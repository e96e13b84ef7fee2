# nixpkgs' mkShell: an environment for nix-shell and nix develop; built, it is the list of its packages.
{ runCommand }:
arguments:
runCommand "elfworlds-shell" (
  arguments
  // {
    outputs = [ "out" ]; # nix develop reads it from the environment
    stdenv = runCommand "elfworlds-shell-setup" { setup = builtins.readFile ./setup.sh; } ''
      mkdir "$out"
      printf '%s' "$setup" > "$out/setup"
    '';
  }
) ''printf '%s\n' $packages > "$out"''
