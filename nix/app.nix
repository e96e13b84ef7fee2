# The runner as a program that builds with Nix, over the package set it was itself made from.
{
  pkgs,
  compiler,
  python,
  source,
  packages,
}:
let
  environment = python { };
  files = source [
    "default.nix"
    "flake.lock"
    "nix"
    "runner"
    "toolchains"
  ];
  # nixpkgs' compiler is an input; the host's is found in PATH, as everywhere.
  sayCompiler = if pkgs.stdenv.isHost or false then "" else "export CC=\${CC:-${compiler}/bin/cc}";
in
pkgs.runCommand "elfworlds" { inherit sayCompiler files packages; python = environment; } ''
  library=$out/lib/elfworlds
  mkdir -p "$library" "$out/bin"
  cp -r "$files/runner/elfworlds" "$library/elfworlds"
  chmod -R u+w "$library"
  mkdir "$library/elfworlds/expressions"
  cp -r "$files/default.nix" "$files/flake.lock" "$files/nix" "$library/elfworlds/expressions/"
  cp -r "$files/toolchains" "$library/elfworlds/locks"
  "$python/bin/python3" -m compileall -q --invalidation-mode unchecked-hash "$library"

  cat > "$out/bin/elfworlds" <<END
  #!/bin/sh
  export ELFWORLDS_BACKEND=\''${ELFWORLDS_BACKEND:-nix}
  export ELFWORLDS_NIX_PACKAGES=\''${ELFWORLDS_NIX_PACKAGES:-$packages}
  export PYTHONPATH=$library
  $sayCompiler
  exec $python/bin/python3 -m elfworlds "\$@"
  END
  chmod +x "$out/bin/elfworlds"
''
