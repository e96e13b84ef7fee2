# A package set's toolchain for a plan that no runner hands over: the host's programs by their paths in /usr, and the
# environment of a build.
{ pkgs, editors }:
let
  # libstdc++ and libgcc_s, which have store paths of their own: nixpkgs' loader looks into libc's directory only.
  libraries = "${(pkgs.gccForLibs or pkgs.stdenv.cc.cc).lib}/lib";
in
{
  # What a command ends with beside the words of the plan, which is of no machine.
  runPath =
    if pkgs.stdenv.isHost or false then
      { }
    else
      {
        "c++" = [ "-Wl,-rpath,${libraries}" ];
        rustc = [
          "-C"
          "link-arg=-Wl,-rpath,${libraries}"
        ];
      };
  tools = builtins.mapAttrs (name: _package: [ "/usr/bin/${name}" ]) editors // {
    cp = [ "/usr/bin/cp" ];
    cc = [ "/usr/bin/gcc" ];
    "c++" = [ "/usr/bin/g++" ];
    rustc = [
      "/usr/bin/rustc"
      "-C"
      "linker=/usr/bin/gcc"
    ];
  };
  env = {
    PATH = "${pkgs.coreutils}/bin";
    LC_ALL = "C";
    SOURCE_DATE_EPOCH = "0";
  };
  root = null;
}
