"""The C that steps become: what a person reads who gets it with a bug report."""

from __future__ import annotations

import pytest

from conftest import World

pytestmark = pytest.mark.learns

HEAD = """\
experiment: {name}
question: Is it so?
objects:
  lib: {{library: one, code: "int one(void) {{ return 1; }}\\n"}}
scenarios:
  s:
    steps:
"""


OPEN = "      - dlopen: {object: lib}\n"


def exported(world: World, name: str, steps: str) -> str:
    """The program of some steps, as it is printed."""
    path = world.experiment(name, HEAD.format(name=name) + steps)
    code, out, err = world.run("export-c", path, "s", "--only-c")
    assert (code, err) == (0, "")
    return out[out.index("int main") :]


def test_a_loop_counts_its_whole_rounds_and_says_why_it_ended(world: World) -> None:
    main = exported(
        world, "counted", "      - loop: {as: all, at-most: 9, until: failure, steps: [dlopen: {object: lib}]}\n"
    )
    assert (
        """
	{
		long index;

		for (index = 0; index < 9; index++) {
			/* 1.1. dlopen lib */
			{
				void *handle;

				if (!step_dlopen("dlopen lib", given.lib, RTLD_NOW, &handle))
					break;
			}
		}
		step_loop("all", index, index < 9 ? failed_why : NULL);
	}
"""
        in main
    )


def test_the_program_is_linked_with_the_library_that_dlopen_was_in_before_glibc_2_34(world: World) -> None:
    script = world.run("export-c", world.experiment("linked", HEAD.format(name="linked") + OPEN), "s")[1]
    (command,) = [line for line in script.split("\n") if "program.c -o" in line]
    assert command.endswith(" -ldl)")


def test_main_begins_with_its_first_step_and_plain_c_is_called_by_what_it_finds(world: World) -> None:
    main = exported(world, "plain", "      - {c: int n = 1;, values: {n: n}}\n      - sleep: 2\n      - sleep: 0.25\n")
    assert main == (
        "int main(void)\n{\n\t/* 1. c, as n */\n\tint n = 1;\n"
        '\ttell("n", "c", n);\n\n\t/* 2. sleep */\n\tsleep_for(2);\n\n'
        "\t/* 3. sleep */\n\tsleep_for(0.25);\n\treturn 0;\n}\n"
    )


def test_values_without_c_of_their_own_stand_right_behind_their_number(world: World) -> None:
    main = exported(world, "value", '      - {c: "", values: {n: 6 * 7}}\n')
    assert '\t/* 1. c, as n */\n\ttell("n", "c", 6 * 7);\n' in main


def test_a_reference_within_a_string_ends_no_string(world: World) -> None:
    steps = (
        "      - dlopen: {object: lib, as: opened}\n"
        """      - {c: 'int n = "a ${matrix.n} opened"[0] == 97 ? opened != 0 : 2;', values: {n: n}}\n"""
        "matrix: {n: [1]}\n"
    )
    assert '\tint n = "a 1 opened"[0] == 97 ? it.opened != 0 : 2;\n' in exported(world, "within", steps)


def test_a_trials_program_says_which_trial_it_is(world: World) -> None:
    path = world.experiment("said", f"{HEAD.format(name='said')}{OPEN}matrix: {{way: [dlopen], n: [1]}}\n")
    world.run("run", path)
    (trial,) = (world.latest("said") / "trials").iterdir()
    said = "/* Is it so?\n * scenario s, way=dlopen, n=1, libc=host */\n#define _GNU_SOURCE\n"
    assert (trial / "driver.c").read_text().startswith(said)


SMALL_STACK = """\
    includes: [pthread.h, sys/mman.h]
    steps:
      - dlopen: {object: lib}
      - mappings: {object: lib, as: alone}
      - c: |
          for (int i = 0; i < 999; i++)
            mmap(NULL, 4096, i % 2 ? PROT_READ : PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
          pthread_attr_t small;
          pthread_attr_init(&small);
          pthread_attr_setstacksize(&small, 131072); /* as musl gives to every thread */
          pthread_setattr_default_np(&small);
      - thread: {as: worker, steps: [mappings: {object: lib, as: among-many}]}
      - join: worker
    outcomes: {found: {exit: 0, alone.copies: 1, among-many.copies: 1, among-many.perms: "${alone.perms}"}}
    expect: {outcome: found}
"""


def test_mappings_are_found_among_many_on_a_small_stack(world: World) -> None:
    path = world.experiment("small", HEAD.format(name="small").replace("    steps:\n", SMALL_STACK))
    assert world.run("run", path, "--no-tables")[0] == 0
