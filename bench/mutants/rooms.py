"""Which rooms are mutated, and the tests that have to catch it."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PACKAGE = Path("runner", "elfworlds")
# A room's own tests: none that needs Nix, gdb or a root. Programs are compiled where generated C is what is tested.
ROOMS = {
    "outcome": ("matching", "shapes", "events", "verdicts"),
    "planning": ("plan", "points", "exports", "every_key", "selection"),
    "search_prediction": ("walk", "prediction", "no_false_alarm"),
    "resolve": ("resolve", "walk", "loader_rules", "header"),
    "driver": ("driver", "generated_c", "export_c"),
    "outcome_changes": ("flips", "chance", "varying", "heatmap", "made_with"),
}
# Every room above uses these and none of these uses a room above, so a child finds them imported.
WARM = ("elfworlds.spec", "elfworlds.process", "elfworlds.elf", "pandas", "pyarrow", "rich", "typer", "jsonschema")


def test_files(room: str) -> list[str]:
    return [f"tests/test_{name}.py" for name in ROOMS[room]]
