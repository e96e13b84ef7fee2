# The reports of all experiments as one store path: a directory each.
{ pkgs, experiments }:
pkgs.runCommand "elfworlds-reports"
  {
    names = builtins.attrNames experiments;
    reports = map (one: one.report) (builtins.attrValues experiments);
  }
  ''
    mkdir "$out"
    set -- $reports
    for name in $names; do
      ln -s "$1" "$out/$name"
      shift
    done
  ''
