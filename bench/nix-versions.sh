#!/bin/sh
# Does everything work with this machine's Nix, and with the newer ones that Debian's other suites have?
#
#   bench/nix-versions.sh [SUITE…]     default: the installed Nix, trixie, sid
#
# As root: a suite's nix-bin and what it needs are fetched by apt with a state of its own (nothing is installed),
# unpacked, and run through that suite's own ld.so; each version has a /nix of its own in a mount namespace. The
# mirror is the one in the machine's apt sources, or ELFWORLDS_DEBIAN_MIRROR.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
work=${TMPDIR:-/tmp}/elfworlds-nix-versions
[ "$(id -u)" = 0 ] || { echo "needs root: to give each version a /nix of its own" >&2; exit 77; }
command -v nix-build >/dev/null || { echo "no Nix: apt-get install nix-bin" >&2; exit 77; }
[ $# -gt 0 ] || set -- installed trixie sid

mirror() {
	[ -z "${ELFWORLDS_DEBIAN_MIRROR:-}" ] || { echo "$ELFWORLDS_DEBIAN_MIRROR"; return; }
	apt-get indextargets --format '$(ORIGIN) $(LABEL) $(SITE)' 'Created-By: Packages' |
		sed -n 's/^Debian Debian //p' | head -n 1
}

# A suite's Nix, unpacked: DIRECTORY/bin has a script for each of its programs.
unpack() {
	suite=$1 place=$2
	[ ! -x "$place/bin/nix" ] || return 0
	mkdir -p "$place/lists/partial" "$place/cache/archives/partial" "$place/root" "$place/bin"
	echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $(mirror) $suite main" >"$place/sources.list"
	set -- -qq -o "Dir::State=$place" -o "Dir::State::lists=$place/lists" -o Dir::State::status=/dev/null \
		-o "Dir::Cache=$place/cache" -o "Dir::Etc::sourcelist=$place/sources.list" -o Dir::Etc::sourceparts=/dev/null
	apt-get "$@" update && apt-get "$@" -y -d --no-install-recommends install nix-bin || return 1
	for deb in "$place"/cache/archives/*.deb; do dpkg-deb -x "$deb" "$place/root"; done
	library=$(dirname "$(find "$place/root/usr/lib" -name libc.so.6 | head -n 1)")
	loader=$(find "$place/root" -name 'ld-linux*.so.*' | head -n 1)
	for program in nix nix-build nix-instantiate nix-store nix-shell nix-daemon nix-hash; do
		cat >"$place/bin/$program" <<-END
			#!/bin/sh
			NIX_CONFIG="\${NIX_CONFIG-}
			build-hook = $place/bin/nix __build-remote"
			export NIX_CONFIG
			exec $loader --argv0 $program --library-path $library $place/root/usr/bin/nix "\$@"
		END
		chmod +x "$place/bin/$program"
	done
}

# In a mount namespace of its own: everything that a user does, with one version.
try() {
	place=$1
	mkdir -p "$place/nix" "$place/home" /nix
	mount --bind "$place/nix" /nix
	export HOME="$place/home" XDG_CACHE_HOME="$place/home/.cache" ELFWORLDS_NIX_PACKAGES=hostpkgs
	[ ! -d "$place/bin" ] || PATH=$place/bin:$PATH
	cd "$root"
	echo "== $(nix --version)"
	say "nix run, first" "$root/nix/hostpkgs/nix" run . -- run -o "$place/results" experiments/same-lib.yaml
	say "nix run, again" "$root/nix/hostpkgs/nix" run . -- run -o "$place/results" experiments/same-lib.yaml
	say "both backends" "$root/nix/hostpkgs/nix" run . -- run --backend both -o "$place/results" experiments
	say "roots" env XDG_CACHE_HOME="$work/roots" "$root/nix/hostpkgs/nix" run . -- \
		run --backend both -o "$place/results" experiments/same-lib.yaml -S libc=debian/bullseye,debian/trixie
	say "build --verify" "$root/nix/hostpkgs/nix" run . -- build --verify experiments/same-lib.yaml
	say "nix flake check" "$root/nix/hostpkgs/nix" flake check
	NIX_CONF_DIR=$root/nix/hostpkgs/conf
	export NIX_CONF_DIR NIX_BUILD_SHELL=bash
	say "nix-build" nix-build --arg packages ./nix/hostpkgs -A app --no-out-link
	say "nix-shell" nix-shell --arg packages ./nix/hostpkgs --run 'elfworlds list'
	say "nix develop" "$root/nix/hostpkgs/nix" develop . -c elfworlds list
	echo "same-lib: app-0 is $("$root/nix/hostpkgs/nix" run . -- build experiments/same-lib.yaml 2>/dev/null |
		sed -n 's/^app-0 *//p')"
}

say() {
	what=$1
	shift
	begun=$(date +%s%N)
	if "$@" >"$place/log" 2>&1; then told=works; else told="FAILS: $(tail -n 3 "$place/log" | tr '\n' ' ')"; fi
	echo "$what: $told ($((($(date +%s%N) - begun) / 1000000)) ms)"
}

if [ "$1" = --try ]; then
	try "$2"
	exit
fi
for suite; do
	place=$work/$suite
	mkdir -p "$place"
	[ "$suite" = installed ] || unpack "$suite" "$place" || { echo "== $suite: could not be fetched"; continue; }
	unshare -m "$0" --try "$place"
done
