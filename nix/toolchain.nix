# The words that a request's command begins with: its tool becomes a program of the package set, or, where the
# package set is the host, the very program that the runner found and took the identity of.
{ pkgs, compiler }:
{ tools, ... }:
argv:
let
  tool = builtins.head argv;
  own = if tool == "cp" then pkgs.coreutils else compiler;
  words = if pkgs.stdenv.isHost or false then tools.${tool} else [ "${own}/bin/${tool}" ];
in
words ++ builtins.tail argv
