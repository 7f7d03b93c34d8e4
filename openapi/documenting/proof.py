"""Proof that the layers above hand to the documentation: the kill matrix, receivers, recorded runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["MatrixRow", "Observed", "ObservedDrift", "Proof", "Run", "Sample"]


@dataclass(frozen=True)
class MatrixRow:
    """A row of the kill matrix: the findings on the mock with one fault.

    The fault `none` is the correct mock.
    """

    fault: str
    deviation: str
    noticed: str
    blocked: str


@dataclass(frozen=True)
class Sample:
    """A correct receiver, shown from its own file.

    Attributes:
        start: The command line that starts it.
        judge: The one that judges it then.
        warns: Ids of the SHOULD rules that it breaks on purpose.
        untested: Why the kit's tests cannot run it, by language; empty when they do.
    """

    name: str
    file: str
    language: str
    framework: str
    packages: tuple[str, ...]
    start: str
    judge: str
    warns: tuple[str, ...]
    text: str
    untested: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Run:
    """One recorded run of the program: its purpose (a words.yaml key) and output."""

    what: str
    command: str
    exit_code: int
    output: str


@dataclass(frozen=True)
class ObservedDrift:
    """One thing that recorded traffic shows and the contract does not say; texts are translated where they are shown.

    Attributes:
        seen: How often.
        example: A masked one as JSON; empty without one.
    """

    what: str
    seen: str
    first: str
    last: str
    example: str


@dataclass(frozen=True)
class Observed:
    """Recorded traffic of one callback.

    Attributes:
        never: What the contract says and no delivery showed.
    """

    callback: str
    deliveries: int
    drifts: tuple[ObservedDrift, ...]
    never: tuple[str, ...]


@dataclass(frozen=True)
class Proof:
    """The evidence that only upper layers have; an empty part is left out of the site.

    Attributes:
        regions: The region of each correct receiver that mends a rule.
        schemes: Names of the signature schemes that come with the kit.
        observed: Recorded traffic, by the callback's name.
    """

    matrix: tuple[MatrixRow, ...] = ()
    receivers: tuple[Sample, ...] = ()
    runs: tuple[Run, ...] = ()
    schemes: tuple[str, ...] = ()
    regions: Mapping[str, str] = field(default_factory=dict)
    observed: Mapping[str, Observed] = field(default_factory=dict)
