# A compiler for C that links with the copies and names their dynamic loader.
PATH=$copies/bin
mkdir -p "$out/bin"
loader=$(echo "$copies"/lib/ld-*)
cat > "$out/bin/cc" <<END
#!$copies/bin/bash
exec $copies/bin/gcc -nostdinc -isystem $copies/gcc/include -isystem $copies/include \
  -B$copies/bin/ -B$copies/gcc/ -B$copies/lib/ -L$copies/gcc -L$copies/lib "\$@" \
  -Wl,-dynamic-linker,$loader
END
chmod +x "$out/bin/cc"
exit # nix/pinned.nix says why
