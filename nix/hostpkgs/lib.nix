# What elfworlds uses of nixpkgs' lib.
let
  unique = builtins.foldl' (seen: one: if builtins.elem one seen then seen else seen ++ [ one ]) [ ];
in
{
  makeBinPath =
    packages: builtins.concatStringsSep ":" (unique (map (package: "${package}/bin") packages));
  licenses.mit = {
    spdxId = "MIT";
    free = true;
  };
  platforms.linux = [
    "x86_64-linux"
    "aarch64-linux"
  ];
}
