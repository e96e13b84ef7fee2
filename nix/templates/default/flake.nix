{
  inputs.elfworlds.url = "github:OWNER/elfworlds";
  outputs = { elfworlds, ... }: {
    checks.x86_64-linux.counter =
      (elfworlds.lib.mkExperiment {
        pkgs = elfworlds.inputs.nixpkgs.legacyPackages.x86_64-linux;
        plan = ./counter.plan.json;
        src = ./.;
      }).check;
  };
}
