# This machine's programs → $out: real/ the files, lib/ all libraries that they load, bin/ what starts them with these.
mkdir -p "$out/bin" "$out/real" "$out/lib" "$out/share"
loader=$(ldd /usr/bin/env | sed -n 's,^\s*\(/[^ ]*\) .*,\1,p')
gcc -O1 -static -s -DLOADER="\"${loader##*/}\"" -o "$out/start" "$launcher"

take() {
	program=$(type -P "$1") && cp -L "$program" "$out/real/${1##*/}"
}
for name in basename bash cat chmod cp dd dirname echo env false find gcc g++ gdb git grep head ln ls mkdir mktemp mv \
	nix patchelf python3.11 readlink rm sed sh sleep sort strace tail tee timeout touch tr true uname wc xargs zstd; do
	take "$name" || echo "not here: $name" >&2
done
for name in cc1 cc1plus collect2 as ld; do
	take "$(gcc -print-prog-name=$name)"
done
for name in build-remote nix-build nix-env nix-hash nix-instantiate nix-store; do
	ln "$out/real/nix" "$out/real/$name"
done
for one in "$out"/real/*; do
	ln "$out/start" "$out/bin/${one##*/}"
done
cp -r /usr/lib/python3.11 "$out/lib/python3.11"
rm -rf "$out/lib/python3.11/test" "$out"/lib/python3.11/config-*
for one in "$out"/real/* "$out"/lib/python3.11/lib-dynload/*.so $(gcc -print-file-name=libstdc++.so.6); do
	ldd "$one" | sed -n 's,.* => \(/[^ ]*\) .*,\1,p'
done | sort -u | xargs -d '\n' cp -Lt "$out/lib"
libraries=$(dirname "$(gcc -print-file-name=libc.so)")
for name in libstdc++.so.6 libgcc_s.so.1 librt.so.1 libdl.so.2 libpthread.so.0 libutil.so.1 libm.so.6 libz.so.1 \
	libthread_db.so.1 libnss_files.so.2; do
	cp -L "$(gcc -print-file-name=$name)" "$out/lib/" || echo "not here: $name" >&2
done
cp -L "$loader" "$out/lib/"
cp -r /usr/share/gdb "$out/share/" || echo "not here: gdb" >&2
ln -s python3.11 "$out/bin/python3"
exit # nix/pinned.nix says why
