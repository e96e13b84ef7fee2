#!/bin/sh
# Programs that the tests run: installed through apt on Debian as root, else named with what is skipped.
# program   Debian package      what needs it
programs='
cc          gcc                 everything
ld          binutils            everything
c++         g++                 objects in C++
/usr/bin/rustc rustc            objects in Rust, where a Nix build sees their compiler
readelf     binutils            comparing our ELF facts with readelf
nix-build   nix-bin             that Nix builds the same objects as the local store
bwrap       bubblewrap          roots of pinned packages
dpkg-deb    dpkg                packages that tests make
gpg         gnupg               that apt believes a signed mirror only
zstd        zstd                packages that zstd compressed
clang       clang               that the C sources compile without warnings with a second compiler
gdb         gdb                 watching a program under gdb
valgrind    valgrind            watching a program under memcheck
strace      strace              watching a program under strace
patchelf    patchelf            files that a tool edits after the link
lddtree     pax-utils           that lddtree finds what ld.so does not
unzip       unzip               scripts that take a file of a wheel
chromium    chromium            report.html as a person sees it
man         man-db              that man shows the manual page
'
set -u
if [ ! -e /usr/include/stdio.h ]; then
	headers=libc6-dev
	echo "no C library headers (/usr/include/stdio.h): nothing can be built" >&2
fi
missing=$(echo "$programs" | while read -r program package what; do
	[ -z "$program" ] || command -v "$program" >/dev/null || echo "$package"
done | sort -u)
missing="$missing ${headers:-}"
[ -n "$(echo "$missing" | tr -d ' \n')" ] || exit 0
if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
	apt-get update -qq
	# shellcheck disable=SC2086 # a list of packages
	DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $missing >/dev/null
	exit
fi
echo "$programs" | while read -r program package what; do
	[ -z "$program" ] || command -v "$program" >/dev/null ||
		echo "missing: $program (Debian: $package); skipped without it: $what" >&2
done
