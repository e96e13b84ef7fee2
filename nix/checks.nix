# What `nix flake check` holds: derivations that fail where something is wrong. None needs a network.
#
# `checks` are all of them, each experiment among them; `few` is what every change is tried with: `make nix-check`.
{
  pkgs,
  compiler,
  python,
  source,
  app,
  experiments,
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
    "requirements.lock"
    "SECURITY.md"
    "results"
    "runner"
    "tests"
    "toolchains"
  ];
  # A writable copy of the project, a home, and `cc` in PATH; `build` is what holds.
  check =
    name: environment: build:
    pkgs.runCommand "elfworlds-${name}"
      (
        environment
        // {
          inherit files;
          CC = cc;
        }
      )
      ''
        cp -r "$files" project
        chmod -R u+w project
        cd project
        mkdir ../programs
        ln -s "$CC" ../programs/cc
        export PATH=$NIX_BUILD_TOP/programs:$PATH HOME=$NIX_BUILD_TOP XDG_CACHE_HOME=$NIX_BUILD_TOP/cache
        ${build}
        touch "$out"
      '';

  # Tests that take long and say the same wherever they run, of pure code and of what is in the repository; `make test` has them.
  elsewhere = [
    "test_export_c.py::TestEveryExperiment" # a script of each; what each shows in a build is `experiment-NAME`
    "test_chance.py" # of pure code, or of pages and recorded runs, up to the next remark
    "test_debian_lock.py"
    "test_debian_mirror.py"
    "test_elf_broken.py"
    "test_every_key.py"
    "test_findings.py"
    "test_layers.py"
    "test_lddebug.py"
    "test_manuals.py"
    "test_matching.py"
    "test_page.py"
    "test_patterns.py"
    "test_points.py"
    "test_poisoned_outputs.py"
    "test_prediction.py"
    "test_reference.py"
    "test_broken_files.py" # what is said of files that are wrong: nothing of the machine is asked
    "test_damaged_records.py"
    "test_roots.py" # pinned roots bring a /usr of their own
    "test_root_toolchain.py"
    "test_plan_and_run_agree.py"
    "test_power_cut.py" # a disk that forgets: nothing of the machine is asked
    "test_sandbox.py" # a sandbox within a sandbox
    "test_process.py::test_where_namespaces_are_refused_a_command_is_watched"
    "test_what_is_read.py::TestATree::test_of_the_kernel_is_refused_unread" # there is no /sys
  ];

  # The cluster's need distributed, which no package set has to have.
  own = {
    inherit app;

    tests = check "tests" { python = python { extras = [ "test" ]; }; } ''
      PYTHONPATH=$PWD/runner timeout 2400 "$python/bin/python3" -m pytest -q -p no:cacheprovider -n auto --dist worksteal \
        -m 'not slow and not hypothesis' --ignore tests/test_cluster.py ${
          builtins.concatStringsSep " " (map (test: "--deselect tests/${test}") elsewhere)
        } tests
    '';

    plans = check "plans" { inherit app; } ''
      "$app/bin/elfworlds" plan --locked experiments nix/templates/default/counter.yaml
    '';

    twice = check "twice" { inherit app; } ''
      "$app/bin/elfworlds" build --backend local --verify experiments/same-lib.yaml
    '';

    c-warnings = check "c-warnings" { } ''
      find csrc -name '*.c' -print0 | sort -z |
        xargs -0 -n 1 "$CC" -std=gnu17 -Icsrc/include -Irunner/elfworlds/driver/c -DVERSION=1 -fsyntax-only \
          -Wall -Wextra -Wshadow -pedantic -Werror
    '';

    format =
      check "format"
        {
          inherit (pkgs) ruff;
          formatter = pkgs.nixfmt or null;
        }
        ''
          "$ruff/bin/ruff" format --no-cache --check .
          "$ruff/bin/ruff" check --no-cache .
          test -z "$formatter" || find . -name '*.nix' -exec "$formatter/bin/nixfmt" --check {} +
        '';
  };

  # Each is one of a kind: what is opened with flags, C++, versions of symbols, preloading, Rust, a matrix of libraries;
  # under gdb; with a terminal; of builders that a build cannot have.
  chosen = [
    "deepbind"
    "exceptions"
    "exported-symbols"
    "preload-shim"
    "rust-exports"
    "same-lib"
    "gdb-visibility"
    "lost-output"
    "built-elsewhere"
  ];
  held = builtins.listToAttrs (
    map (name: {
      name = "experiment-${name}";
      value = experiments.${name}.check;
    }) (builtins.attrNames experiments)
  );
in
{
  checks = own // held;

  few = pkgs.runCommand "elfworlds-few" {
    checks = builtins.attrValues own ++ map (name: held."experiment-${name}") chosen;
  } "echo $checks > $out";
}
