"""`providers` command: lists the providers whose facts of delivery the kit knows, or shows one with its sources."""

from __future__ import annotations

from collections.abc import Iterator

import click

from callback_contract.openapi.documents.json_pointer import Json
from callback_contract.openapi.reading.provider_facts import Provider, ProviderFact, load_provider, providers
from callback_contract.openapi.text.message import Text, joined, listed
from callback_contract.openapi.text.printable import exact_json
from callback_contract.openapi.text.spoken import spoken

__all__ = ["providers_command"]

_UNITS = (("days", 86_400), ("hours", 3_600), ("minutes", 60), ("seconds", 1))


@click.command("providers")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def providers_command(names: tuple[str, ...], form: str) -> None:
    """List the providers whose facts of delivery the kit knows, or show those that are named.

    Each fact has its public source and the day on which it was read; what could not be confirmed is left out.

    \b
    callback-contract providers
    callback-contract providers github
    """
    found = [load_provider(name) for name in names or providers()]
    if form == "json":
        click.echo(exact_json({"schema": 1, "providers": [_as_json(provider) for provider in found]}, indent=2))
    elif names:
        click.echo("\n\n".join("\n".join(_shown(provider)) for provider in found))
    else:
        click.echo("\n".join(line for provider in found for line in _listed(provider)))


def _listed(provider: Provider) -> Iterator[str]:
    yield f"{provider.name}  {provider.title}"
    yield f"  {spoken(joined(_fact(fact) for fact in provider.facts))}"
    pages: dict[tuple[str, str], bool] = {}
    for fact in provider.facts:
        page = (fact.source.partition("#")[0], fact.read)
        pages[page] = pages.get(page, True) and fact.quoted
    for (source, read), is_quoted in pages.items():
        yield f"  {spoken(Text('provider.quoted' if is_quoted else 'provider.source', source=source, read=read))}"


def _shown(provider: Provider) -> Iterator[str]:
    yield f"{provider.name}  {provider.title}"
    for fact in provider.facts:
        key = "quoted" if fact.quoted else "inferred" if fact.inferred else "source"
        yield f"  {spoken(_fact(fact))}"
        yield f"    {spoken(Text(f'provider.{key}', source=fact.source, read=fact.read))}"
    if provider.unknown:
        names = listed(Text(f"provider.{name}") for name in provider.unknown)
        yield f"  {spoken(Text('provider.not-confirmed', facts=names))}"
    yield f"  {spoken(Text('provider.use', name=provider.name))}"


def _fact(fact: ProviderFact) -> Text:
    return Text("provider.fact", label=Text(f"provider.{fact.name}"), value=_value(fact.name, fact.value))


def _value(name: str, value: Json) -> str:
    if name == "deadline_s":
        return _time(value)
    if name == "retry":
        return _retry(value)
    if name == "accept_body_bytes.must":
        return Text("provider.bytes", count=value)
    if name == "duplicates":
        return Text(f"provider.{value}")
    if name == "in_order":
        return Text("provider.promised" if value else "provider.not-promised")
    return str(value) if isinstance(value, str) else listed(map(str, value))


def _retry(value: Json) -> Text:
    within = {"time": _time(value["within_s"])} if "within_s" in value else {}
    if "schedule_s" in value:
        times = listed(map(_time, value["schedule_s"]))
        return Text("provider.schedule-within" if within else "provider.schedule", times=times, **within)
    if "max_tries" in value:
        return Text("provider.tries-within", count=value["max_tries"], **within)
    return Text("provider.within", **within)


def _time(seconds: int) -> Text:
    unit, size = next((unit, size) for unit, size in _UNITS if seconds % size == 0)
    return Text(f"provider.{unit}", count=seconds // size)


def _as_json(provider: Provider) -> dict[str, Json]:
    facts = [{**vars(fact)} for fact in provider.facts]
    return {"name": provider.name, "title": provider.title, "facts": facts, "not_confirmed": list(provider.unknown)}
