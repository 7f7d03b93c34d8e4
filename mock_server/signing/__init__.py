"""Signatures of deliveries by a declared scheme: made, checked, and forged for the suite."""

from mock_server.signing.delivering import DeliverySigner, signature_from
from mock_server.signing.forging import KINDS, forged
from mock_server.signing.keys import Keys, load_keys
from mock_server.signing.requiring import lacking_signature
from mock_server.signing.scheme import Scheme, load_scheme, presets
from mock_server.signing.seals import SPELLINGS, has_meaning, sealed
from mock_server.signing.signatures import sign, verify

__all__ = [
    "KINDS",
    "SPELLINGS",
    "DeliverySigner",
    "Keys",
    "Scheme",
    "forged",
    "has_meaning",
    "lacking_signature",
    "load_keys",
    "load_scheme",
    "presets",
    "sealed",
    "sign",
    "signature_from",
    "verify",
]
