# Libraries that need each other: one store path with a directory for each, since none can have one before the others.
_:
{
  members, # key → what mk-lines.nix takes of it
  env,
  world, # what starts the script, and what it sees: world.nix
  needs, # key → object: what any of them needs
}:
let
  words = import ./shell-words.nix;
  keys = builtins.attrNames members;
  symbols =
    words.symbols needs
    // builtins.listToAttrs (
      map (key: {
        name = "@${key}@";
        value = ''"$out"/${key}'';
      }) keys
    );
  lines = map (
    key:
    import ./mk-lines.nix (
      members.${key}
      // {
        inherit symbols;
        src = "src-${key}";
        out = ''"$out"/${key}'';
        last = false;
      }
    )
  ) keys;
  circle = derivation (
    env
    // world
    // {
      inherit keys;
      name = "circle-${words.storeName members.${builtins.head keys}.filename}";
      passAsFile = [ "script" ];
      script = builtins.concatStringsSep "\n" ([ ''mkdir "$out"'' ] ++ builtins.concatLists lines) + "\n";
      allowSubstitutes = false;
    }
  );
in
builtins.listToAttrs (
  map (key: {
    name = key;
    value = {
      inherit (circle) drvPath;
      outPath = "${circle}/${key}";
    };
  }) keys
)
