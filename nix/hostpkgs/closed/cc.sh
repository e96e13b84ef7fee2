# gcc wrapped as nixpkgs does it: it names libc's dynamic loader, and puts the directories of libraries on the run path
# unless the variable that ends in its own suffix says not to.
mkdir -p "$out/bin"
loader=$(echo "$libc"/lib/ld-*)
wrap() {
	cat > "$out/bin/$1" <<-END
		#!$copies/bin/bash
		run_path=
		[ "\${NIX_DONT_SET_RPATH_closed-}" = 1 ] || run_path="-Wl,-rpath,$libc/lib -Wl,-rpath,$lib/lib"
		exec $copies/bin/$2 $3 -nostdinc -isystem $gcc/include -isystem $libc/include \
		  -B$copies/bin/ -B$gcc/ -B$libc/lib/ -B$lib/lib/ -L$gcc -L$libc/lib -L$lib/lib "\$@" \
		  \$run_path -Wl,-dynamic-linker,$loader
	END
	chmod +x "$out/bin/$1"
}
wrap cc gcc ""
wrap gcc gcc ""
wrap c++ g++ "-nostdinc++ -isystem $gcc/c++"
wrap g++ g++ "-nostdinc++ -isystem $gcc/c++"
exit # nix/pinned.nix says why
