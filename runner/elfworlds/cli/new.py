"""`elfworlds new`: an experiment to start from, commented, and right as it stands."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from elfworlds import paths
from elfworlds.cli.echo import echo

TEMPLATE = """\
# yaml-language-server: $schema={schema}
experiment: {name}
question: Does a plugin that is loaded twice keep one counter or two?
# source: {{title: "…", url: "https://…", year: 2026}}     # where the question comes from

# Every combination of these is a point; each scenario is tried at every point.
matrix:
  way: [dlopen, dlmopen]

# What to build. `code` may be `sources: [plugin/plugin.c]`: beside this file, or in csrc/.
objects:
  plugin:
    library: plugin                 # libplugin.so, and that is its soname
    code: |
      static int counter;
      int count(void) {{ return ++counter; }}
  app:
    executable: app
    code: |
      #define _GNU_SOURCE
      #include <dlfcn.h>
      #include <stdio.h>
      #include <string.h>

      static int count(const char *way, const char *path)
      {{
          void *handle = strcmp(way, "dlmopen") == 0 ? dlmopen(LM_ID_NEWLM, path, RTLD_NOW) : dlopen(path, RTLD_NOW);
          int (*function)(void);

          if (!handle) {{
              puts(dlerror());
              return -1;
          }}
          *(void **)&function = dlsym(handle, "count");
          return function();
      }}

      int main(int argc, char **argv)
      {{
          if (argc != 3)
              return 2;
          printf("first %d\\n", count(argv[1], argv[2]));
          printf("second %d\\n", count(argv[1], argv[2]));
          return 0;
      }}

scenarios:
  load-twice:
    run: ${{app}} ${{matrix.way}} ${{plugin}}
    # The first outcome that matches names what happened. Give each a sign that only it shows.
    outcomes:
      one-counter: {{stdout: {{contains: second 2}}}}
      two-counters: {{stdout: {{contains: second 1}}}}
    # What the source says would happen; compared, and never fails a run.
    claim: {{says: dlmopen gives every load a copy of its own., outcome: two-counters, when: {{way: dlmopen}}}}
    # What is known to happen. `elfworlds accept {name}` prints what a run would justify.
    expect:
      - {{when: {{way: dlopen}}, outcome: one-counter}}
      - {{when: {{way: dlmopen}}, outcome: two-counters}}
"""


def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Of the experiment: small letters, digits, - and .")],
) -> None:
    """Write experiments/NAME.yaml, an experiment to start from."""
    from elfworlds.errors import InputError
    from elfworlds.sources import Project
    from elfworlds.spec.leaves.forms import NAME
    from elfworlds.spec.reference import schema as json_schema
    from elfworlds.toolchains.families import known
    from elfworlds.toolchains.pinning import places

    if not NAME.fullmatch(name):
        raise InputError(f"`{name}` is no experiment's name", hint=f"it must match {NAME.pattern}")
    root = Project.of(Path("x.yaml"), paths.here()).root
    path = root / "experiments" / f"{name}.yaml"
    schema = "../docs/experiment.schema.json" if (root / "docs" / "experiment.schema.json").exists() else "schema.json"
    path.parent.mkdir(exist_ok=True)
    beside = path.parent / schema
    try:
        with path.open("x") as file:
            file.write(TEMPLATE.format(name=name, schema=schema))
    except FileExistsError:
        raise InputError(f"{os.path.relpath(path)} is there already", hint="choose another name") from None
    if not beside.exists():
        beside.write_text(json_schema(known(places(root))))
    shown = os.path.relpath(path)
    echo(f"{shown}: written\nrun it: elfworlds run {shown}")
