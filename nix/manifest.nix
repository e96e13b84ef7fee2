# Where each object of a plan is or will be: key → its derivation and its directory, as plain data.
{ objects }:
{ plan, files }:
builtins.mapAttrs (_key: object: {
  drv = builtins.unsafeDiscardStringContext object.drvPath;
  out = builtins.unsafeDiscardStringContext object.outPath;
}) (objects { inherit plan files; })
