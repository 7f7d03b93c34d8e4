"""Signatures of deliveries by a declared scheme: made, verified, and forged for the suite."""

from callback_contract.mock_server.signing.forgeries import KINDS, forged
from callback_contract.mock_server.signing.keys import Keys, load_keys
from callback_contract.mock_server.signing.scheme import Scheme
from callback_contract.mock_server.signing.scheme_file import load_scheme, plugin_of, presets
from callback_contract.mock_server.signing.seals import SPELLINGS, has_meaning, sealed
from callback_contract.mock_server.signing.signatures import sign, verify
from callback_contract.mock_server.signing.signer import DeliverySigner, lacking_signature, signature_from

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
    "plugin_of",
    "presets",
    "sealed",
    "sign",
    "signature_from",
    "verify",
]
