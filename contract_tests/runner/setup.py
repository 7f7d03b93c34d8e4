"""Set-up of a run: makes contract, rules, receiver, read-back and run from the command line."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from callback_contract.mock_server.cli.target_options import Lines, access_to, sender_to, with_options
from callback_contract.openapi.cli.contract_options import contract_of, contract_options, identity_option
from callback_contract.openapi.cli.ranges import SEEDS, NumberRange
from callback_contract.openapi.text.errors import KitError
from callback_contract.openapi.text.message import Text

if TYPE_CHECKING:
    from callback_contract.contract_tests.model.observations import ReadBack
    from callback_contract.contract_tests.policy.acceptance import PolicyMaker
    from callback_contract.contract_tests.runner.config import RunConfig
    from callback_contract.contract_tests.runner.state import RunContext
    from callback_contract.contract_tests.samples.selection import Samples
    from callback_contract.mock_server.client.pacing import Pace
    from callback_contract.openapi.contract.model import Callback, Contract

__all__ = ["choice_options", "configured", "excuses_of", "read_back_of", "read_back_options", "receiver_at", "run_at"]

_Command = TypeVar("_Command", bound=Callable[..., Any])


def choice_options(command: _Command) -> _Command:
    """Options that say what is judged, and how deeply."""
    return with_options(
        contract_options(identity_option(command)),
        [
            click.option("--rules", "-r", default="", metavar="ID,…", help="Only these rules or chapters: ACK-01,FWD."),
            click.option(
                "--callback",
                "-c",
                multiple=True,
                metavar="NAME[=URL]",
                help="One, several, or all; at its URL. [the first]",
            ),
            click.option(
                "--depth",
                type=click.Choice(["quick", "standard", "thorough"]),
                default="standard",
                metavar="DEPTH",
                help="quick, standard or thorough. [standard]",
            ),
            click.option(
                "--acknowledges-unread",
                is_flag=True,
                help="It stores each body before it reads it: acknowledging what is no JSON is a SHOULD NOT.",
            ),
            click.option("--seed", type=SEEDS, default=0, show_default=True, help="Decides what is drawn."),
        ],
    )


def read_back_options(command: _Command) -> _Command:
    """Options that say how to see what the receiver stored."""
    return with_options(
        command,
        [
            click.option("--state-url", metavar="URL", help="Read-back with {id}: openapi/read-back.yaml."),
            click.option(
                "--state-header",
                multiple=True,
                type=Lines(),
                metavar="'NAME: VALUE'",
                help="Send this header with read-back only.",
            ),
            click.option(
                "--state-map", multiple=True, metavar="THEIRS=OURS", help="A state in the receiver's words and in ours."
            ),
            click.option(
                "--state-patience",
                type=NumberRange(0, 120),
                default=5.0,
                metavar="S",
                help="Seconds for storing. [5]",
            ),
            click.option("--plugin", metavar="FILE", help="Python file with read_back(message_id)."),
        ],
    )


def excuses_of(callbacks: Iterable[Callback], *, acknowledges_unread: bool) -> set[str]:
    """What makes a MUST a SHOULD in a run, by the names that the catalogue has for it (`should_if`)."""
    facts = [each.delivery for each in callbacks]
    holding = {
        "acknowledges_unread": acknowledges_unread or any(each.acknowledges_unread for each in facts),
        "house_retry": any(each.provenance.get("retry") == "house" for each in facts),
    }
    return {name for name, holds in holding.items() if holds}


@contextlib.contextmanager
def configured(
    url: str | None,
    options: Mapping[str, Any],
    *,
    policy: PolicyMaker | None = None,
    samples: Callable[[RunConfig], Samples | None] | None = None,
) -> Iterator[RunConfig]:
    """The run that the options describe, before the receiver at `url` or before the mock, which is started.

    Args:
        policy: Makes what the pipeline accepts; None for nothing.
        samples: Chooses recorded deliveries for what is configured so far; None for none.

    Raises:
        KitError: An option's value makes no sense, or the contract cannot be used.
    """
    from callback_contract.contract_tests.generation.corpus import DEPTHS
    from callback_contract.contract_tests.generation.notes import (
        contract_notes,
        identity_notes,
        selection_notes,
        share_notes,
    )
    from callback_contract.contract_tests.policy.acceptance import accepting_nothing
    from callback_contract.contract_tests.runner.callback_selection import chosen_callbacks
    from callback_contract.contract_tests.runner.scheduling.concurrency_limit import most_at_once
    from callback_contract.contract_tests.target.callback_urls import senders_elsewhere
    from callback_contract.openapi.contract.model import means_all
    from callback_contract.openapi.rules.catalogue import load_catalogue

    contract = contract_of(options, () if means_all(options["callback"]) else options["callback"])
    callbacks, left = chosen_callbacks(contract, options, own_mock=url is None)
    excuses = excuses_of(callbacks, acknowledges_unread=options["acknowledges_unread"])
    catalogue = load_catalogue().with_declared(excuses)
    rules = catalogue.select(tuple(name.strip() for name in options["rules"].split(",") if name.strip()))
    with receiver_at(url, contract, options["signature"]) as target:
        sender = sender_to(target, options, *options.get("callback_urls", {}).values())
        elsewhere = senders_elsewhere(sender, contract, options)
        accepted, counting = (policy or accepting_nothing)(contract, rules)

        from callback_contract.contract_tests.runner.config import RunConfig

        config = RunConfig(
            contract,
            catalogue,
            counting,
            callbacks,
            sender,
            DEPTHS[options["depth"]].shared_by(len(callbacks)),
            options["seed"],
            read_back=_read_back(target, contract, sender.pace, options, own_mock=url is None),
            patience_s=options["state_patience"],
            policy=accepted,
            elsewhere=elsewhere,
            most_at_once=most_at_once(sender.pace, options["at_once"]),
            budget=None if (most := DEPTHS[options["depth"]].most) is None else most * len(callbacks),
            framework=options.get("framework") or "",
            notes=(
                *selection_notes(contract, options["callback"]),
                *identity_notes(callbacks),
                *left,
                *share_notes(callbacks, DEPTHS[options["depth"]]),
                *contract_notes(contract),
            ),
        )
        yield config if samples is None else replace(config, samples=samples(config))


@contextlib.contextmanager
def run_at(url: str | None, options: Mapping[str, Any]) -> Iterator[RunContext]:
    """Opens a run that a pipeline accepts nothing of and that has no recorded deliveries; see `configured`."""
    from callback_contract.contract_tests.runner.state import RunContext

    with configured(url, options) as config, contextlib.closing(RunContext.of(config)) as run:
        yield run


@contextlib.contextmanager
def receiver_at(url: str | None, contract: Contract, signature: str | None = None) -> Iterator[str]:
    """Gives the URL of the receiver under test; starts the mock, which then demands the signature, when none is given.

    Raises:
        KitError: There is no such signature scheme, or a key of it is not set.
    """
    if url is not None:
        yield url
        return
    from callback_contract.mock_server.receiver.receiver import Receiver
    from callback_contract.mock_server.server.serving import served
    from callback_contract.mock_server.signing import signature_from

    signing = signature_from(signature, os.environ) if signature else None
    with served(Receiver(contract, signature=signing)) as base:
        yield base + "/callbacks"


def _read_back(
    target: str, contract: Contract, pace: Pace, options: Mapping[str, Any], *, own_mock: bool
) -> ReadBack | None:
    from callback_contract.contract_tests.target.read_back import own_read_back

    given = read_back_of(contract, pace, options)
    if given is None and own_mock:
        return own_read_back(target.removesuffix("/callbacks"), contract)
    return given


def read_back_of(contract: Contract, pace: Pace, options: Mapping[str, Any]) -> ReadBack | None:
    """The read-back that the `read_back_options` name; None where they name none."""
    from callback_contract.contract_tests.target.plugin_loader import load_plugin
    from callback_contract.contract_tests.target.read_back import HttpReadBack, known_states

    words = dict(_pair(text) for text in options["state_map"])
    if options["plugin"]:
        return load_plugin(Path(options["plugin"]), words)
    url = options["state_url"]
    if url is None:
        return None
    access = access_to(url, options, headers="state_header")
    return HttpReadBack(url, access, pace.at_once, known_states(contract), words, pace.until)


def _pair(text: str) -> tuple[str, str]:
    theirs, equals, ours = text.partition("=")
    if not equals or not theirs or not ours:
        raise KitError(
            Text("error-receiver.no-state-pair", text=text),
            where="--state-map",
            remedy=Text("error-receiver.write-state-pair"),
        )
    return theirs, ours
