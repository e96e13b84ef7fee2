#!/bin/sh
# Records what LD_DEBUG says on this system into OUT: the sources beside this script, built and run in /tmp/x.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=$1
mkdir -p "$out" /tmp/x/one /tmp/x/two /tmp/x/three
cd /tmp/x

lib() { # FILE CODE FLAG…
	file=$1 code=$2
	shift 2
	echo "$code" >code.c
	gcc -shared -fPIC -o "$file" code.c -Wl,--no-as-needed "$@"
}
record() { # NAME COMMAND…
	rm -f trace.*
	name=$1
	shift
	LD_DEBUG=files,libs,bindings LD_DEBUG_OUTPUT=/tmp/x/trace "$@" 2>stderr || echo "$name: exit $?"
	cat trace.* >"$out/$name.log"
}

lib libbase.so 'int base(void) { return 1; }'
lib libuser.so 'int base(void); int user(void) { return base(); }' -L. -lbase '-Wl,--enable-new-dtags,-rpath,$ORIGIN'
lib libextra.so 'int base(void); int extra(void) { return base(); }' -L. -lbase '-Wl,--enable-new-dtags,-rpath,$ORIGIN'
echo 'int main(void) { return 0; }' >plain.c
gcc -o plain plain.c
gcc -o namespaces "$here/namespaces.c" -Wl,--no-as-needed -ldl -Wl,--enable-new-dtags,-rpath,/tmp/x/none:/tmp/x
record namespaces /tmp/x/namespaces

lib three/libthird.so 'int third(void) { return 4; }'
lib two/libsecond.so 'int third(void); int second(void) { return third(); }' -Lthree -lthird \
	'-Wl,--enable-new-dtags,-rpath,$ORIGIN/../three'
lib one/libfirst.so 'int second(void); int first(void) { return second(); }' -Ltwo -lsecond -Wl,-rpath-link,three
lib two/libextra.so 'int extra(void) { return 0; }'
lib two/libpreloaded.so 'int preloaded(void) { return 0; }'
ln -sf libfirst.so one/libalias.so
gcc -o search "$here/search.c" -Lone -lfirst -ldl -Wl,-rpath-link,two:three -Wl,--disable-new-dtags,-rpath,/tmp/x/one
record search env LD_PRELOAD=libpreloaded.so LD_LIBRARY_PATH=/tmp/x/none:/tmp/x/two /tmp/x/search

gcc -o missing "$here/search.c" -Lone -lfirst -ldl -Wl,-rpath-link,two:three
record missing /tmp/x/missing
