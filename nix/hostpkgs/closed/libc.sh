# This machine's libc → $out: its dynamic loader, libraries and headers; $lib: libstdc++ and libgcc_s; $gcc: what gcc
# reads itself.
mkdir -p "$out/lib" "$lib/lib" "$gcc"
loader=$(ldd /usr/bin/env | sed -n 's,^\s*\(/[^ ]*\) .*,\1,p')
cp -L "$loader" "$out/lib/"
# It looks into its own libc's directory, as nixpkgs' does: by a link of the same length, which ../closed-root makes.
sed -i 's,/usr/lib/x86_64-linux-gnu/,/nix/var/closed-libc-libs/,' "$out/lib/${loader##*/}"
for name in crt1.o Scrt1.o crti.o crtn.o libc_nonshared.a libc.a libdl.a libpthread.a libm.a libmvec.a librt.a \
	libc.so.6 libm.so.6 libmvec.so.1 libdl.so.2 libpthread.so.0 librt.so.1 libthread_db.so.1; do
	cp -L "$(gcc -print-file-name=$name)" "$out/lib/"
done
ln -s libm.so.6 "$out/lib/libm.so"
sed 's,/[^ ]*/,,g' "$(gcc -print-file-name=libc.so)" > "$out/lib/libc.so"
own=$(dirname "$(gcc -print-libgcc-file-name)")
cp -r "$own/include" "$own"/crt*.o "$own"/libgcc*.a "$own"/liblto_plugin.so "$gcc/"
cp -L "$(gcc -print-file-name=libgcc_s.so.1)" "$lib/lib/"
cp -L "$(gcc -print-file-name=libstdc++.so.6)" "$lib/lib/"
ln -s libstdc++.so.6 "$lib/lib/libstdc++.so"
echo 'GROUP ( libgcc_s.so.1 -lgcc )' > "$lib/lib/libgcc_s.so"
cp -rL "/usr/include/$(gcc -print-multiarch)" "$out/include"
(cd /usr/include && cp -rL *.h arpa asm-generic linux net netinet rpc "$out/include/" 2> /dev/null) || true
version=$(gcc -dumpversion)
cp -rL "/usr/include/c++/$version" "$gcc/c++"
cp -rL "/usr/include/$(gcc -print-multiarch)/c++/$version"/* "$gcc/c++/"
exit # nix/pinned.nix says why
