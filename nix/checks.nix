# What `nix flake check` holds: derivations that fail where something is wrong. None needs a network.
{
  pkgs,
  compiler,
  python,
  source,
  app,
}:
let
  cc = if pkgs.stdenv.isHost or false then "/usr/bin/gcc" else "${compiler}/bin/cc";
  files = source [
    ".ci"
    "bench"
    "CHANGELOG.md"
    "CITATION.cff"
    "CONTRIBUTING.md"
    "csrc"
    "default.nix"
    "docs"
    "experiments"
    "flake.lock"
    "flake.nix"
    "LICENSE"
    "Makefile"
    "nix"
    "pyproject.toml"
    "README.md"
    "results"
    "runner"
    "tests"
    "toolchains"
  ];
  # A writable copy of the project, a home, and `cc` in PATH; `build` is what holds.
  check =
    name: environment: build:
    pkgs.runCommand "elfworlds-${name}" (environment // { inherit files; CC = cc; }) ''
      cp -r "$files" project
      chmod -R u+w project
      cd project
      mkdir ../programs
      ln -s "$CC" ../programs/cc
      export PATH=$NIX_BUILD_TOP/programs:$PATH HOME=$NIX_BUILD_TOP XDG_CACHE_HOME=$NIX_BUILD_TOP/cache
      ${build}
      touch "$out"
    '';
in
{
  inherit app;

  tests = check "tests" { python = python { extras = [ "test" ]; }; } ''
    PYTHONPATH=$PWD/runner timeout 1200 "$python/bin/python3" -m pytest -q -p no:cacheprovider -n auto --dist worksteal tests
  '';

  plans = check "plans" { inherit app; } ''
    "$app/bin/elfworlds" check experiments
    "$app/bin/elfworlds" plan --format json experiments > plans.json
  '';

  same-lib = check "same-lib" { inherit app; } ''
    "$app/bin/elfworlds" run --backend local experiments/same-lib.yaml
    "$app/bin/elfworlds" build --backend local --verify experiments/same-lib.yaml
  '';

  c-warnings = check "c-warnings" { } ''
    find csrc -name '*.c' -print0 | sort -z |
      xargs -0 -n 1 "$CC" -std=gnu17 -Icsrc/include -Irunner/elfworlds/driver/c -DVERSION=1 -fsyntax-only \
        -Wall -Wextra -Wshadow -pedantic -Werror
  '';

  format = check "format" { inherit (pkgs) ruff; nixfmt = pkgs.nixfmt or null; } ''
    "$ruff/bin/ruff" format --no-cache --check .
    "$ruff/bin/ruff" check --no-cache .
    test -z "$nixfmt" || find . -name '*.nix' -exec "$nixfmt/bin/nixfmt" --check {} +
  '';
}
