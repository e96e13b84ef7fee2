# What a person would write by hand for the same objects: the yardstick of nix-300.py.
{ directory, count }:
let
  system = builtins.currentSystem;
  object =
    number:
    let
      name = "o${toString number}";
      source = builtins.path {
        path = "${directory}/${name}.c";
        name = "${name}.c";
      };
    in
    derivation {
      inherit name system;
      builder = "/usr/bin/bash";
      PATH = "/usr/bin";
      SOURCE_DATE_EPOCH = "0";
      args = [
        "-euc"
        ''
          mkdir "$out"
          exec gcc -std=gnu17 -g -O0 -fPIC -shared -ffile-prefix-map="$PWD"=. -frandom-seed=elfworlds \
            -fdiagnostics-color=never ${source} -o "$out/lib${name}.so" -Wl,--no-as-needed -Wl,--enable-new-dtags \
            -Wl,-z,lazy -Wl,-z,noexecstack -Wl,--build-id=sha1 -Wl,--hash-style=gnu -Wl,-soname,lib${name}.so
        ''
      ];
    };
in
builtins.genList object (builtins.fromJSON count)
