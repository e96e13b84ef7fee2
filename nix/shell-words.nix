# Texts as a POSIX shell reads them back.
rec {
  quote = text: "'" + builtins.replaceStrings [ "'" ] [ "'\\''" ] text + "'";

  # A quoted text in which each symbol became what `symbols` says, itself ready for the shell.
  replaced =
    symbols: text:
    builtins.replaceStrings (builtins.attrNames symbols) (map (one: "'${one}'") (
      builtins.attrValues symbols
    )) (quote text);

  # `@KEY@` stands for the directory of the object of that key.
  symbols =
    objects:
    builtins.listToAttrs (
      map (key: {
        name = "@${key}@";
        value = "${objects.${key}}";
      }) (builtins.attrNames objects)
    );

  # A file name with what a store path's name may not hold replaced.
  storeName =
    text:
    let
      parts = builtins.split "[^[:alnum:]+._?=-]+" text;
      clean = builtins.concatStringsSep "-" (builtins.filter builtins.isString parts);
    in
    builtins.substring 0 120 (if builtins.substring 0 1 clean == "." then "_${clean}" else clean);

  unique =
    list:
    builtins.attrNames (
      builtins.listToAttrs (
        map (name: {
          inherit name;
          value = null;
        }) list
      )
    );
}
