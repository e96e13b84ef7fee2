"""All verbs together, as typer has them."""

from __future__ import annotations

import typer

from elfworlds.cli import (
    accept,
    advise,
    build,
    check,
    compare,
    doctor,
    export_c,
    gather,
    inspect,
    list_,
    new,
    plan,
    report,
    run,
    schema,
    store,
    toolchain,
    try_,
    unpack,
    worker,
)

app = typer.Typer(
    name="elfworlds",
    help="A reproducible experiment runner for ELF dynamic loading.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("run")(run.run)
app.command("check")(check.check)
app.command("plan")(plan.plan)
app.command("build")(build.build)
app.command("list")(list_.list_experiments)
app.command("report")(report.report)
app.command("gather")(gather.gather)
app.command("compare")(compare.compare)
app.command("export-c")(export_c.export_c)
app.command("accept")(accept.accept)
app.command("new")(new.new)
app.command("inspect")(inspect.inspect)
app.command("advise")(advise.advise)
app.command("try")(try_.try_)
app.command("worker")(worker.worker)
app.command("doctor")(doctor.doctor)
app.command("schema")(schema.schema)
app.command("unpack", hidden=True)(unpack.unpack)  # what nix/unpacked.nix calls
app.add_typer(store.app, name="store")
app.add_typer(toolchain.app, name="toolchain")


@app.callback()
def _options(
    *,
    version: bool = typer.Option(False, "--version", "-V", help="Print the version and exit."),  # noqa: FBT003
) -> None:
    if version:
        from elfworlds.version import __version__

        typer.echo(f"elfworlds {__version__}")
        raise typer.Exit
