# A run of an experiment in Nix' sandbox, which it records, its report, and a check of it; with the package set's own
# toolchain, as the plan is locked: `libc: host`.
{
  pkgs,
  src,
  app,
  beside ? { }, # name → a package that lies beside the experiment under that name
  exported ? [ ], # variables of the runner
}:
{
  name,
  file, # the experiment, below src
}:
let
  link = one: "ln -s ${beside.${one}} \"$(dirname \"$file\")/${one}\"";
  inProject =
    what: script:
    pkgs.runCommand "elfworlds-${what}-${name}" { inherit src app file; } ''
      cp -r "$src" project
      chmod -R u+w project
      cd project
      ${builtins.concatStringsSep "\n" (map link (builtins.attrNames beside))}
      export HOME=$NIX_BUILD_TOP XDG_CACHE_HOME=$NIX_BUILD_TOP/cache PATH=$PATH:$app/bin
      ${builtins.concatStringsSep "\n" (map (one: "export ${one}") exported)}
      ${script}
    '';
  run = inProject "run" ''
    code=0
    mkdir "$out"
    elfworlds run --backend local -S libc=host --output "$out" "$file" > "$out/log" 2>&1 || code=$?
    cat "$out/log"
    # Without a Rust compiler, an experiment about Rust cannot be tried: that is 5, as for a machine that lacks a sandbox.
    test "$code" != 6 || ! grep -q '^ *no Rust compiler' "$out/log" || code=5
    case $code in
    0 | 1 | 5) echo "$code" > "$out/exit-code" ;;
    *) exit "$code" ;;
    esac
  '';
in
{
  inherit inProject run;
  report = pkgs.runCommand "elfworlds-report-${name}" { inherit run; } ''
    mkdir "$out"
    for part in report.md tables pictures trials.jsonl objects.jsonl environment.json run.json; do
      for found in "$run"/*/latest/"$part"; do
        test ! -e "$found" || cp -r "$found" "$out/"
      done
    done
  '';
  check = pkgs.runCommand "elfworlds-check-${name}" { inherit run; } ''
    if [ "$(cat "$run/exit-code")" = 1 ]; then
      cat "$run"/*/latest/report.md >&2
      sed '/^$/d' "$run/log" >&2 # its end is what Nix shows of a log: the last ten lines
      echo "not everything is as ${file} expects: $run" >&2
      exit 1
    fi
    ln -s "$run" "$out"
  '';
}
