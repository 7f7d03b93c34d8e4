"""Sample options: name recorded deliveries and masks on a command line, and put them into a run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from callback_contract.mock_server.cli.target_options import with_options
from callback_contract.openapi.text.errors import KitError
from callback_contract.openapi.text.language import language_of
from callback_contract.openapi.text.message import Text, in_detail, listed

if TYPE_CHECKING:
    from callback_contract.contract_tests.runner.config import RunConfig
    from callback_contract.contract_tests.samples.selection import Samples

__all__ = ["refuse_nothing_to_mask", "sample_options", "samples_of"]

_Command = TypeVar("_Command", bound=Callable[..., Any])
_MOST_SHOWN = 6


class _Masks(click.types.StringParamType):
    """Text of which an environment variable holds one a line; none of it is secret, as a header's value is."""

    name = "text"
    envvar_list_splitter = "\n"


def sample_options(command: _Command) -> _Command:
    """Options that say which recorded deliveries are put before the receiver, too."""
    return with_options(
        command,
        [
            click.option(
                "--samples",
                type=click.Path(exists=True, path_type=Path),
                metavar="DIR|FILE",
                help="Deliver recordings, too: JSON, HAR, JSONL.",
            ),
            click.option(
                "--mask", multiple=True, type=_Masks(), metavar="WHAT", help="Hide in them: /user/name, format:email."
            ),
        ],
    )


def refuse_nothing_to_mask(options: Mapping[str, Any]) -> None:
    """Says before anything is started that masks stand there without samples."""
    if options["mask"] and options["samples"] is None:
        raise KitError(
            Text("error-samples.nothing-to-mask"), where="--mask", remedy=Text("error-samples.goes-with-samples")
        )


def samples_of(config: RunConfig, options: Mapping[str, Any]) -> Samples | None:
    """The recorded deliveries that the options name for a run; tells what of them is not delivered.

    Raises:
        KitError: They cannot be read, or none of them can be delivered.
    """
    if options["samples"] is None:
        return None
    from callback_contract.contract_tests.samples.masking import masker_of
    from callback_contract.contract_tests.samples.reading import read_recordings
    from callback_contract.contract_tests.samples.selection import choose

    without = {header.partition(":")[0].strip().lower() for header in options["header"]}
    without |= {name.lower() for name in (config.scheme.headers if config.scheme else ())}
    source: Path = options["samples"]
    samples = choose(
        read_recordings(source),
        str(source),
        config.contract,
        [callback for callback in config.callbacks if callback.name not in config.withheld],
        masker_of(options["mask"], config.contract),
        without=without,
    )
    for line in _lines(samples):
        click.echo(line.in_language(language_of(options)), err=True)
    return samples


def _lines(samples: Samples) -> list[Text]:
    aside = len(samples.aside) + samples.uncounted
    numbers = {"read": samples.read, "to-deliver": samples.delivered}
    numbers |= {name: number for name, number in (("same", samples.same), ("aside", aside)) if number}
    told = listed(Text(f"terminal.samples-{name}", number=number) for name, number in numbers.items())
    lines = [Text("terminal.samples-of", source=samples.source, told=told)]
    for kind, word in (("contract", "warning"), ("", "note")):
        alike: dict[str, list[str]] = {}
        for a in samples.aside:
            if (a.kind == "contract") == bool(kind):
                alike.setdefault(a.reason, []).append(a.place)
        said = [in_detail(_places(places), reason) for reason, places in alike.items()]
        more = len(said) - _MOST_SHOWN
        said[_MOST_SHOWN:] = [Text("terminal.more-of-other-reasons", number=more)] if more > 0 else []
        lines += [Text(f"terminal.{word}", said=each) for each in said]
    if samples.short_masks_left:
        lines.append(Text("terminal.note", said=Text("terminal.short-masks-left")))
    if samples.left:
        left = Text("terminal.headers-left-out", names=tuple(sorted(samples.left)))
        lines.append(Text("terminal.note", said=left))
    return lines


def _places(places: list[str]) -> Text | str:
    return places[0] if len(places) == 1 else Text("terminal.places", first=places[0], more=len(places) - 1)
