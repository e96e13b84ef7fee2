# nixpkgs' runCommand: a shell script that makes $out, with `environment` as its variables.
{ system, identity }:
name: environment: script:
derivation (
  environment
  // {
    inherit name system identity;
    builder = "/usr/bin/bash";
    args = [
      "-euc"
      ''source "$scriptPath"''
    ];
    passAsFile = [ "script" ] ++ environment.passAsFile or [ ];
    PATH = "/usr/bin:/bin";
    LC_ALL = "C.UTF-8";
    inherit script;
  }
)
