"""Sample options: name recorded deliveries and masks on a command line, and put them into a run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from callback_contract.mock_server.cli.target_options import with_options
from callback_contract.openapi.text.errors import KitError

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
        raise KitError("there is nothing to mask", where="--mask", remedy="It goes with --samples.")


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
        click.echo(line, err=True)
    return samples


def _lines(samples: Samples) -> list[str]:
    aside = len(samples.aside) + samples.uncounted
    told = [f"{samples.read} read", f"{samples.delivered} to deliver"]
    told += [f"{samples.same} recorded before to the byte"] if samples.same else []
    told += [f"{aside} set aside"] if aside else []
    lines = [f"samples of {samples.source}: {', '.join(told)}"]
    for kind, word in (("contract", "warning"), ("", "note")):
        alike: dict[str, list[str]] = {}
        for a in samples.aside:
            if (a.kind == "contract") == bool(kind):
                alike.setdefault(a.reason, []).append(a.place)
        told = [f"{word}: {_places(places)}: {reason}" for reason, places in alike.items()]
        lines += told[:_MOST_SHOWN]
        lines += [f"{word}: and {len(told) - _MOST_SHOWN} more of other reasons"] if len(told) > _MOST_SHOWN else []
    if samples.short_masks_left:
        lines.append(
            "note: masked values of one sign, or of few digits, stay where other texts of a delivery hold them"
        )
    if samples.left:
        lines.append(f"note: recorded headers that are not sent: {', '.join(sorted(samples.left))}; give yours by -H")
    return lines


def _places(places: list[str]) -> str:
    return places[0] if len(places) == 1 else f"{places[0]} and {len(places) - 1} more"
