# This machine's compiler, shell and small programs → $out: real/ the files, lib/ all libraries, bin/ what starts them.
mkdir -p "$out/bin" "$out/real" "$out/lib" "$out/gcc"
loader=$(ldd /usr/bin/env | sed -n 's,^\s*\(/[^ ]*\) .*,\1,p')
gcc -O1 -static -s -DLOADER="\"${loader##*/}\"" -o "$out/start" "$launcher"
for name in bash cat chmod cp dd echo env false ln ls mkdir rm sleep true gcc gdb strace; do
	program=$(type -P "$name") && cp -L "$program" "$out/real/$name"
done
for name in cc1 collect2 as ld; do
	program=$(gcc -print-prog-name=$name)
	cp -L "$(type -P "$program")" "$out/real/$name"
done
for one in "$out"/real/*; do
	ln "$out/start" "$out/bin/${one##*/}"
	ldd "$one" | sed -n 's,.* => \(/[^ ]*\) .*,\1,p'
done | sort -u | xargs -d '\n' cp -Lt "$out/lib"
cp -L "$loader" "$out/lib/"
# A loader with a cache of its own, as nixpkgs' has; the world shows what is in bin/ at /usr/bin.
sed -i 's,/etc/ld.so.cache,/usr/bin/ldcache,' "$out/lib/${loader##*/}"
libraries=$(dirname "$(gcc -print-file-name=libc.so)")
for name in crt1.o Scrt1.o crti.o crtn.o libc_nonshared.a libc.a libdl.a libpthread.a libm.so.6 libgcc_s.so.1; do
	cp -L "$(gcc -print-file-name=$name)" "$out/lib/"
done
ln -s libm.so.6 "$out/lib/libm.so"
sed 's,/[^ ]*/,,g' "$libraries/libc.so" > "$out/lib/libc.so"
own=$(dirname "$(gcc -print-libgcc-file-name)")
cp -r "$own/include" "$own"/crt*.o "$own"/libgcc* "$own"/liblto_plugin.so "$out/gcc/"
echo "$out/lib" > conf
/usr/sbin/ldconfig -X -C "$out/bin/ldcache" -f conf
mkdir "$out/etc" "$out/share"
cp "$out/bin/ldcache" "$out/etc/ld.so.cache"
if [ -e "$out/real/gdb" ]; then
	python=$(cd "$out/lib" && echo libpython3*)
	python=${python#lib} && python=${python%%.so*}
	mkdir "$out/lib/$python"
	find "/usr/lib/$python" -mindepth 1 -maxdepth 1 ! -name test ! -name 'config-*' -exec cp -r -t "$out/lib/$python" {} +
	cp -r /usr/share/gdb "$out/share/"
fi
cp -rL "/usr/include/$(gcc -print-multiarch)" "$out/include"
(cd /usr/include && cp -rL *.h arpa asm-generic linux net netinet rpc "$out/include/" 2> /dev/null) || true
exit # nix/pinned.nix says why
