"""Mutation testing: changes a module in one place at a time, and requires that its tests fail.

    pip install -e '.[mutation]'
    python -m callback_contract.contract_tests.meta.scripts.mutation [MODULE ...] [--jobs 2]

cosmic-ray makes the changes, in a copy of the tree in a temporary folder; the tests of a module are its own few, and
each change is tried in a fork that has imported the rest. All of them take a quarter of an hour on two cores.

It prints how many mutants of each module were killed, and each survivor. Those of ``mutation_survivors.yaml`` have a
reason. It ends with 1 when less than 90 % are killed, when a survivor has no reason, or when one with a reason is gone.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import difflib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import yaml
from rich.console import Console
from rich.table import Table

GUARDED = {
    "contract_tests/model/verdicts.py": "model/test_exit_codes model/test_profiles runner/test_second_try",
    "contract_tests/policy/acceptance.py": "model/test_exit_codes model/test_profiles policy/test_gate",
    "contract_tests/policy/rule_versions.py": "policy/test_gate",
    "contract_tests/runner/attempts.py": "runner/test_second_try runner/test_retry_bounds runner/cases/test_stories",
    "contract_tests/runner/attribution/chance.py": "runner/attribution/test_weighing runner/attribution/test_chance",
    "contract_tests/runner/attribution/deadlines.py": "runner/attribution/test_deadlines",
    "contract_tests/runner/attribution/likelihood.py": "runner/attribution/test_chance",
    "contract_tests/runner/attribution/narrowing.py": (
        "runner/attribution/test_narrowed runner/attribution/test_narrowing"
    ),
    "contract_tests/runner/attribution/stops.py": "runner/attribution/test_stops",
    "contract_tests/runner/attribution/suspects.py": "runner/attribution/test_watch runner/attribution/test_suspects",
    "contract_tests/runner/attribution/watch.py": "runner/attribution/test_watch runner/attribution/test_full",
    "contract_tests/runner/case_session.py": (
        "runner/cases/test_contact runner/cases/test_looking_back runner/test_plain_deliveries"
    ),
    "contract_tests/runner/contention.py": "runner/attribution/test_company_to_blame",
    "contract_tests/runner/judge.py": "runner/test_judging runner/test_turns runner/test_events",
    "contract_tests/runner/liveness.py": "runner/test_plain_deliveries",
    "mock_server/client/pacing.py": "../mock_server/client/test_pacing_bounds",
}
"""Each guarded module, and the files below meta/contract_tests that guard it."""

_META = Path(__file__).parents[1]
_TESTS = _META / "contract_tests"
_ROOT = _META.parents[1]
_REASONS = _META / "mutation_survivors.yaml"
_ENOUGH = 0.9
_FORKED_TESTS = Path(__file__).with_name("forked_tests.py")

# Of the operators that replace another, one is enough: any test that reaches the place kills most of them, and they
# would improve the share unduly. Names are one object however they are compared.
_LEFT_OUT = re.compile(
    r"core/ReplaceBinaryOperator_(?!Add_Sub|Sub_Add|Mul_Div|Div_Mul|BitOr_BitAnd|BitXor_BitOr|Mod_Mul)"
    r"|core/ReplaceComparisonOperator_(Eq|NotEq|Lt|LtE|Gt|GtE)_Is"
    r"|core/ReplaceComparisonOperator_Is(Not)?_(?!Is)"
)


@dataclass(frozen=True)
class Survivor:
    """A mutant that no test notices: the line as it was, and as it became."""

    was: str
    became: str


@dataclass(frozen=True)
class Outcome:
    """The mutants of one module, with their results."""

    module: str
    killed: int
    survivors: tuple[Survivor, ...]

    @property
    def mutants(self):
        return self.killed + len(self.survivors)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("modules", nargs="*", metavar="MODULE", help="as in judging; all of them without one")
    parser.add_argument("--jobs", type=int, default=1, help="modules at the same time")
    options = parser.parse_args()
    chosen = [module for module in GUARDED if not options.modules or Path(module).stem in options.modules]
    if len(chosen) < len(options.modules):
        parser.error(f"the modules are {', '.join(Path(module).stem for module in GUARDED)}")
    if find_spec("cosmic_ray") is None:
        parser.error("cosmic-ray is not installed: pip install -e '.[mutation]'")
    with ThreadPoolExecutor(max_workers=options.jobs) as workers:
        outcomes = list(workers.map(mutated, chosen))
    sys.exit(not told(outcomes, reasons(chosen)))


def mutated(module):
    """Run a module's tests once for each of its mutants."""
    with copied() as tree:
        source = (tree / module).read_text("utf-8")
        changed = mutants(source)
        ends = run_tests(module, changed, tree)
    survivors = [survivor_of(source, mutant) for mutant, end in zip(changed, ends, strict=True) if end == "passed"]
    print(f"{module}: {len(changed)} mutants, {len(survivors)} survive", file=sys.stderr, flush=True)
    return Outcome(module, len(changed) - len(survivors), tuple(sorted(survivors, key=str)))


@contextlib.contextmanager
def copied() -> Iterator[Path]:
    """Yield a copy of the tree: no mutant is ever in the checkout."""
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        tree = Path(folder) / "tree"
        shutil.copytree(_ROOT, tree, ignore=shutil.ignore_patterns(".*", "__pycache__", "build", "dist"))
        package = _package_of(tree) / "callback_contract"
        package.mkdir(parents=True)
        for part in ("openapi", "mock_server", "contract_tests"):
            (package / part).symlink_to(tree / part)
        yield tree


def _package_of(tree):
    """Where the copy is found by its import name."""
    return tree.with_name("importable")


def run_tests(module, changed, tree):
    """Run the module's tests for each of its mutants; return how they ended."""
    job = {
        "file": module,
        "module": "callback_contract." + module.removesuffix(".py").replace("/", "."),
        "options": ["-x", "-q", "-p", "no:cacheprovider", f"--basetemp={tree.with_name('temporary')}"],
        "mutants": changed,
    }
    job["options"] += [str(_TESTS.relative_to(_ROOT) / f"{name}.py") for name in GUARDED[module].split()]
    # Of the copy, not of an installed kit; and no plugin that the tests do not need, which would take half the time.
    env = {
        **os.environ,
        "PYTHONPATH": str(_package_of(tree)),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    }
    command, given = [sys.executable, "-P", str(_FORKED_TESTS)], json.dumps(job)
    done = subprocess.run(command, cwd=tree, env=env, input=given, check=False, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{module}: {done.stdout}{done.stderr}")
    return done.stdout.split()


def mutants(source):
    """Return each mutant of a source once, but for those without an effect, such as changed annotations."""
    from cosmic_ray.ast import ast_nodes, get_ast
    from cosmic_ray.mutating import mutate_code
    from cosmic_ray.plugins import get_operator, operator_names

    nodes = list(ast_nodes(get_ast(source)))
    found = {}
    for name in operator_names():
        if _LEFT_OUT.match(name) or get_operator(name).arguments():
            continue
        operator = get_operator(name)()
        for occurrence in range(sum(len(list(operator.mutation_positions(node))) for node in nodes)):
            mutant = mutate_code(source, operator, occurrence)
            found.setdefault(meaning(mutant), mutant)
    found.pop("", None)
    found.pop(meaning(source), None)
    return list(found.values())


def meaning(source):
    """Return a module's behaviour without annotations; empty for invalid Python."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return ""
    for node in ast.walk(tree):
        if isinstance(node, ast.arguments):  # it takes the star of a signature for an operator
            node.args = node.posonlyargs + node.args + node.kwonlyargs
            node.defaults += filter(None, node.kw_defaults)
            node.posonlyargs, node.kwonlyargs, node.kw_defaults = [], [], []
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            node.test = ast.Constant(None)
        for name in ("annotation", "returns"):
            if getattr(node, name, None) is not None:
                setattr(node, name, ast.Constant(None))
    return ast.dump(tree)


def survivor_of(source, mutant):
    """Return the first differing line, before and after."""
    lines = list(difflib.unified_diff(source.splitlines(), mutant.splitlines(), lineterm="", n=0))[2:]
    was = next((line[1:].strip() for line in lines if line.startswith("-")), "")
    became = next((line[1:].strip() for line in lines if line.startswith("+")), "")
    return Survivor(was, became)


def listed():
    """Return the survivors with a reason, by module and by the text of their line."""
    return yaml.safe_load(_REASONS.read_text("utf-8")) or {}


def reasons(modules):
    """The reason of each survivor of these modules that has one."""
    rows = [row for module in modules for row in listed().get(Path(module).stem, ())]
    return {Survivor(row["was"], row["became"]): row["why"] for row in rows}


def told(outcomes, known):
    """Print the results; return whether they are good enough."""
    table = Table("module", "mutants", "killed", "survived", "percent")
    for each in outcomes:
        share = f"{100 * each.killed / each.mutants:.1f}"
        table.add_row(each.module, *map(str, (each.mutants, each.killed, len(each.survivors))), share)
    killed, mutants = sum(each.killed for each in outcomes), sum(each.mutants for each in outcomes)
    table.add_row("all", str(mutants), str(killed), str(mutants - killed), f"{100 * killed / mutants:.1f}")
    Console(width=100).print(table)
    found = {survivor for each in outcomes for survivor in each.survivors}
    for each in outcomes:
        for survivor in each.survivors:
            print(f"\n{each.module}: {known.get(survivor, 'NO REASON')}\n- {survivor.was}\n+ {survivor.became}")
    gone = set(known) - found
    for survivor in gone:
        print(f"\nno survivor any more, to be taken off the list:\n- {survivor.was}\n+ {survivor.became}")
    return killed >= _ENOUGH * mutants and found <= set(known) and not gone


if __name__ == "__main__":
    main()
