# What an archive holds, as elfworlds unpacks it: by its digest the very store path that a directory with it would have.
{ pkgs, runner }:
{
  archive,
  name, # its own, which ends as its form says
  sha256, # of the NAR of what is in it
}:
pkgs.runCommand "tree"
  {
    inherit archive runner;
    file = name;
    outputHashMode = "recursive";
    outputHashAlgo = "sha256";
    outputHash = sha256;
  }
  ''
    ln -s "$archive" "./$file"
    export HOME=$NIX_BUILD_TOP
    "$runner/bin/elfworlds" unpack "./$file" "$out"
  ''
