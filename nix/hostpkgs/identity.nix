# What this machine's toolchain and Python are, as ./seed found them.
if builtins.pathExists ./host.json then
  builtins.hashFile "sha256" ./host.json
else
  throw ''

    nix/hostpkgs does not know this machine yet. Run nix/hostpkgs/seed, which notes what its compiler and Python
    are and puts the Python packages that wheels.lock.json names into the Nix store.
  ''
