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
libraries=$(dirname "$(gcc -print-file-name=libc.so)")
for name in crt1.o Scrt1.o crti.o crtn.o libc_nonshared.a libc.a libdl.a libpthread.a libm.so.6 libgcc_s.so.1; do
	cp -L "$(gcc -print-file-name=$name)" "$out/lib/"
done
ln -s libm.so.6 "$out/lib/libm.so"
sed 's,/[^ ]*/,,g' "$libraries/libc.so" > "$out/lib/libc.so"
own=$(dirname "$(gcc -print-libgcc-file-name)")
cp -r "$own/include" "$own"/crt*.o "$own"/libgcc* "$own"/liblto_plugin.so "$out/gcc/"
cp -rL "/usr/include/$(gcc -print-multiarch)" "$out/include"
(cd /usr/include && cp -rL *.h arpa asm-generic linux net netinet rpc "$out/include/" 2> /dev/null) || true
