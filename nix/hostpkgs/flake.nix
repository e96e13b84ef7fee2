{
  description = "A package set in nixpkgs' form over this machine's own toolchain and Python";

  outputs = _: {
    lib.isHostpkgs = true; # whose expressions any Nix with flakes reads
    legacyPackages = builtins.listToAttrs (
      map
        (system: {
          name = system;
          value = import ./. { inherit system; };
        })
        [
          "x86_64-linux"
          "aarch64-linux"
        ]
    );
  };
}
