# What pyproject.toml asks for, as packages of a set; their bounds are checked when the application is built.
let
  data = builtins.fromTOML (builtins.readFile ../pyproject.toml);
  name = requirement: builtins.head (builtins.match "([A-Za-z0-9_-]+).*" requirement);
  chosen = asked: packages: map (requirement: packages.${name requirement}) asked;
in
rec {
  inherit (data) project;
  version = builtins.head (
    builtins.match "[^=]*= \"([^\"]+)\"[^\"]*" (builtins.readFile ../runner/elfworlds/version.py)
  );
  buildSystem = chosen data.build-system.requires;
  dependencies = chosen project.dependencies;
  extras = names: chosen (builtins.concatMap (extra: project.optional-dependencies.${extra}) names);
}
