# What nix-shell and nix develop read first: programs into PATH, and the one function that they call.
programs=
for one in ${packages-}; do programs=$programs$one/bin:; done
PATH=$programs$PATH
export PATH
unset one programs

runHook() {
  eval "${!1-}"
}
