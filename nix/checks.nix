{ pkgs, source, app, objects }: { }
