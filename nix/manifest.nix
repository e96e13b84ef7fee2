# Where each object of a plan is or will be: key → its derivation and its directory, as plain data. A file of a tree has
# no derivation: its directory is the tree's.
{ objects }:
{ plan, files }:
builtins.mapAttrs (_key: object: {
  drv = builtins.unsafeDiscardStringContext (object.drvPath or "");
  out = builtins.unsafeDiscardStringContext "${object}";
}) (objects { inherit plan files; })
