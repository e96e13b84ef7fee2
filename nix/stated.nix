# A package set's toolchain for a plan that no runner hands over: the host's programs by their paths in /usr, and the
# environment of a build.
{ pkgs, editors }:
{
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
