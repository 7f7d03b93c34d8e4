"""`export` command: writes the contract, or files that are derived from it, in the formats of other tools."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click

from callback_contract.openapi.cli.contract_options import contract_of, contract_options, identity_option, is_own
from callback_contract.openapi.cli.ranges import SEEDS
from callback_contract.openapi.contract.model import Callback, Contract
from callback_contract.openapi.text.errors import KitError
from callback_contract.openapi.text.message import Text, either, joined
from callback_contract.openapi.text.spoken import spoken

__all__ = ["export"]

_DEPTHS = ("quick", "standard", "thorough")
_KINDS = ("openapi", "paths", "schema", "http", "vectors", "signature")


@click.command()
@click.option("--as", "kind", type=click.Choice(_KINDS), default="openapi", show_default=True, help="See above.")
@click.option("--out", default="-", metavar="FILE|DIR|-", help="Where to; the standard output without it.")
@click.option("--force", is_flag=True, help="Replace a file that this command did not make.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["json", "yaml"]),
    help="For openapi, paths and schema; by the name of --out, else json.",
)
@click.option(
    "--callback",
    "names",
    multiple=True,
    metavar="NAME",
    help="For schema, http and vectors; may be repeated; `all` for all. The contract's first one without it."
    " With --contract for all forms.",
)
@click.option("--tolerant", is_flag=True, help="For schema: open closed lists and objects, as a receiver should.")
@click.option("--depth", type=click.Choice(_DEPTHS), help="For vectors: how many of them; quick without it.")
@click.option("--seed", type=SEEDS, help="For vectors: changes what is drawn; 0 without it.")
@click.option("--preset", metavar="NAME", help="For signature: which scheme; standard-webhooks without it.")
@contract_options
@identity_option
def export(
    kind: str,
    out: str,
    force: bool,
    form: str | None,
    names: tuple[str, ...],
    tolerant: bool,
    depth: str | None,
    seed: int | None,
    preset: str | None,
    **options: Any,
) -> None:
    """Write the contract in a form that other tools read.

    \b
    openapi    the OpenAPI 3.1 document, callbacks under `webhooks`
    paths      the same with callbacks under `paths`, for tools that know no webhooks
    schema     JSON Schema 2020-12 of a callback's body, self-contained
    http       the examples, or a drawn body, as an .http file, which VS Code and JetBrains send
    vectors    deliveries with the statuses that each rule allows, for unit tests in any language
    signature  a scheme that --signature knows by name, as a file to make your own of

    \b
    callback-contract export --format yaml --out contract.yaml
    callback-contract export --as schema --tolerant --callback all --out schemas/
    callback-contract export --as vectors --out vectors.json
    callback-contract export --contract their-openapi.yaml --as schema --callback all --out schemas/
    """
    idle = () if options["contract"] else names
    _refuse_idle_options(kind, form=form, callback=idle, tolerant=tolerant, depth=depth, seed=seed, preset=preset)
    if kind == "signature":
        _write({"scheme.yaml": _scheme(preset or "standard-webhooks")}, out, force=force)
        return
    contract, callbacks = _read(names, options)
    if kind in {"schema", "http", "vectors"} and not names:
        _say_choice(contract, callbacks)
    form = form or ("yaml" if Path(out).suffix in {".yaml", ".yml"} else "json")
    if kind == "schema":
        files = _schemas(contract, callbacks, form, tolerant)
    elif kind in {"openapi", "paths"}:
        files = {f"{kind}.{form}": _document(contract, kind, form)}
    elif kind == "http":
        files = {"callbacks.http": _http(contract, callbacks)}
    else:
        files = {"vectors.json": _vectors(contract, callbacks, depth or "quick", seed or 0)}
    _write(files, out, force=force)


def _read(names: tuple[str, ...], options: Mapping[str, Any]) -> tuple[Contract, tuple[Callback, ...]]:
    """The contract and the callbacks that are meant; a contract of the kit's kind is exported as it stands."""
    from callback_contract.openapi.contract.loading import load_contract

    if options["contract"] is None:
        contract = contract_of(options)
    elif not options["paths"] and not options["provider"] and is_own(options["contract"]):
        contract = load_contract(options["contract"], options["overlay"]).identified_by(options["identity"])
    else:
        every = [name.lower() for name in names] == ["all"]
        contract = contract_of(options, () if every else names)
        return contract, contract.callbacks if names else contract.callbacks[:1]
    return contract, contract.chosen(names)


def _say_choice(contract: Contract, chosen: tuple[Callback, ...]) -> None:
    """Say on standard error that one callback of several is written, where none was named."""
    if len(chosen) < len(contract.callbacks):
        told = Text("note.first-callback", name=chosen[0].name, count=len(contract.callbacks))
        click.echo(spoken(Text("terminal.note", said=told)), err=True)


def _refuse_idle_options(kind: str, **given: object) -> None:
    """An option that would do nothing is a mistake, and silence would hide it."""
    meant = {
        "form": {"openapi", "paths", "schema"},
        "callback": {"schema", "http", "vectors"},
        "tolerant": {"schema"},
        "depth": {"vectors"},
        "seed": {"vectors"},
        "preset": {"signature"},
    }
    for name, value in given.items():
        if value not in (None, (), False) and kind not in meant[name]:
            option = "--format" if name == "form" else f"--{name}"
            kinds = either(sorted(meant[name]))
            raise KitError(
                Text("error-options.not-with-as", kind=kind),
                where=option,
                remedy=Text("error-options.is-for-as", kinds=kinds),
            )


def _document(contract: Contract, kind: str, form: str) -> str:
    from callback_contract.openapi.documenting.export import as_json, as_openapi, as_paths, as_yaml

    document = as_paths(contract) if kind == "paths" else as_openapi(contract)
    return as_yaml(document) if form == "yaml" else as_json(document)


def _schemas(contract: Contract, callbacks: tuple[Callback, ...], form: str, tolerant: bool) -> dict[str, str]:
    from callback_contract.openapi.documenting.export import as_json, as_schema, as_yaml

    write = as_yaml if form == "yaml" else as_json
    kind = "tolerant.schema" if tolerant else "schema"
    return {
        # A name may hold a slash; percent-encoding keeps different names different.
        f"{quote(c.name, safe='')}.{kind}.{form}": write(as_schema(contract, c, tolerant=tolerant))
        for c in callbacks
    }


def _http(contract: Contract, callbacks: tuple[Callback, ...]) -> str:
    from callback_contract.mock_server.provider.http_file import http_file

    drawn: dict[str, Any] = {}
    reasons: dict[str, str] = {}
    for callback in callbacks:
        if not callback.delivered_examples:
            _draw(callback, drawn, reasons)
    if len(reasons) == len(callbacks):
        raise KitError(
            joined(Text("error-options.callback-reason", name=name, reason=reason) for name, reason in reasons.items()),
            where="--callback",
            remedy=Text("error-options.callback-with-example"),
        )
    return http_file(contract, callbacks, drawn)


def _draw(callback: Callback, drawn: dict[str, Any], reasons: dict[str, str]) -> None:
    """Makes the body that `check` would send where no example may be delivered, or says why there is none."""
    from callback_contract.contract_tests.generation.corpus import DEPTHS, Scope
    from callback_contract.contract_tests.model.verdicts import NotApplicable

    try:
        drawn[callback.name] = Scope(callback, DEPTHS["quick"], 0).plain
    except NotApplicable as reason:
        reasons[callback.name] = reason.text


def _vectors(contract: Contract, callbacks: tuple[Callback, ...], depth: str, seed: int) -> str:
    from callback_contract.contract_tests.generation.corpus import DEPTHS
    from callback_contract.contract_tests.vectors.vectors import vectors_document
    from callback_contract.openapi.rules.catalogue import load_catalogue
    from callback_contract.openapi.text.printable import exact_json

    document = vectors_document(contract, callbacks, load_catalogue(), DEPTHS[depth], seed)
    if not document["vectors"]:
        reasons = joined(document["left_out"]["callbacks"].values() or [_why_nothing(callbacks)])
        raise KitError(
            Text("error-options.nothing-to-deliver", reasons=reasons),
            where="--callback",
            remedy=Text("error-options.other-callback"),
        )
    # One vector a line: a difference between two exports shows which ones changed. ASCII: no tool can change a byte.
    head = exact_json({**document, "vectors": []}, indent=1, in_ascii=True).removesuffix("[]\n}")
    return head + "[\n" + ",\n".join(exact_json(vector, in_ascii=True) for vector in document["vectors"]) + "\n]}\n"


def _why_nothing(callbacks: Sequence[Callback]) -> str:
    reasons: dict[str, str] = {}
    for callback in callbacks:
        _draw(callback, {}, reasons)
    return next(iter(reasons.values()), Text("reason.no-such-case"))


def _scheme(preset: str) -> str:
    from callback_contract.mock_server.signing import presets
    from callback_contract.mock_server.signing.scheme_file import preset_text
    from callback_contract.openapi.documenting.export import MADE_BY

    head = (
        f"# {MADE_BY} --as signature --preset {preset}; there are {', '.join(presets())}.",
        "# Signs and judges: callback-contract check URL --signature THIS_FILE",
        "# signed and layout are templates, {body} {timestamp} {id} {method} {url} … and {signature} {timestamp}.",
        "# key_env names environment variables, the current key's first: a key itself never stands in this file.",
    )
    return "\n".join((*head, preset_text(preset)))


def _write(files: Mapping[str, str], out: str, *, force: bool) -> None:
    from callback_contract.openapi.documenting.export import MADE_BY
    from callback_contract.openapi.documents.output_files import is_folder, write_output

    if is_folder(out):
        for name, text in files.items():
            write_output(str(Path(out) / name), text, mark=MADE_BY, force=force)
        click.echo(f"{out}: {', '.join(files)}", err=True)
    elif len(files) > 1:
        raise KitError(
            Text("error-options.files-into-one", files=len(files)),
            where=f"--out {out}",
            remedy=Text("error-options.give-folder"),
        )
    else:
        write_output(out, next(iter(files.values())), mark=MADE_BY, force=force)
