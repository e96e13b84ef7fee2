# A file that is handed over: `files` is a directory with every one under its sha256. One store path per content, whatever
# the directory: its name is fixed and its digest known.
{ files }:
sha256:
builtins.path {
  name = "input";
  path = "${files}/${sha256}";
  recursive = false;
  inherit sha256;
}
