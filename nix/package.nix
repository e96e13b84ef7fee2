# The runner as a package: built as any Python application, wrapped with every program that its verbs use. It builds
# with Nix over the package set that it was itself made from.
{
  pkgs,
  compiler,
  source,
  packages, # what its nix backend evaluates at run time: run-time-packages.nix
  tests ? { },
}:
let
  inherit (pkgs) lib python3Packages;
  requirements = import ./requirements.nix;
  overHost = pkgs.stdenv.isHost or false;
  tools = lib.makeBinPath [
    pkgs.bubblewrap # trials in roots, and the roots themselves
    pkgs.coreutils
    pkgs.gdb
    pkgs.strace
    pkgs.valgrind
    pkgs.patchelf
    pkgs.nix
    pkgs.git # flakes in git
    pkgs.zstd # archives that it compressed
  ];
in
python3Packages.buildPythonApplication {
  pname = requirements.project.name;
  inherit (requirements) version;
  pyproject = true;
  src = source [
    "csrc"
    "default.nix"
    "docs/elfworlds.1"
    "experiments"
    "flake.lock"
    "LICENSE"
    "nix"
    "pyproject.toml"
    "README.md"
    "runner"
    "toolchains"
  ];
  build-system = requirements.buildSystem python3Packages;
  dependencies = requirements.dependencies python3Packages;

  # A user's own programs come first over the host, of which they are a part, and last over a package set.
  makeWrapperArgs = [
    "--set-default ELFWORLDS_BACKEND nix"
    "--set-default ELFWORLDS_NIX_PACKAGES ${packages}"
    "${if overHost then "--suffix" else "--prefix"} PATH : ${tools}"
  ]
  ++ (if overHost then [ ] else [ "--set-default CC ${compiler}/bin/cc" ]);

  doCheck = false; # they are checks of the flake: `tests`
  passthru = { inherit tests; };
  meta =
    (if requirements.project ? urls then { homepage = requirements.project.urls.Homepage; } else { })
    // {
      inherit (requirements.project) description;
      changelog = "file://${../CHANGELOG.md}";
      license = lib.licenses.mit;
      platforms = lib.platforms.linux;
      mainProgram = "elfworlds";
    };
}
