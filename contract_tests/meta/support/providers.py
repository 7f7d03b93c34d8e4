"""Providers: contracts in the forms of those whose signatures the presets know, and how their own libraries verify."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import http.server
import importlib
import json
from collections.abc import Callable

from werkzeug.datastructures import MultiDict

from callback_contract.contract_tests.meta.support.fielded import TEXT, TWILIO_LIKE
from callback_contract.contract_tests.meta.support.foreign import with_schema
from callback_contract.contract_tests.meta.support.hostile import http_server
from callback_contract.contract_tests.meta.support.means import do_without
from callback_contract.mock_server.signing import load_keys, load_scheme

KEY = "a-key-of-ours-that-is-32-bytes-long-or-more"  # PyJWT warns of a shorter one
KEYS = {
    "adyen-like": "44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056",
    "standard-webhooks": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "standard-webhooks-ed25519": "whsk_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=",
}


def an_object(required, **properties):
    return {"type": "object", "required": required, "properties": properties}


ITEM = an_object(
    ["pspReference", "merchantAccountCode", "amount", "eventCode", "success", "additionalData"],
    pspReference=TEXT,
    originalReference=TEXT,
    merchantAccountCode=TEXT,
    merchantReference=TEXT,
    amount=an_object(["value", "currency"], value={"type": "integer"}, currency={**TEXT, "enum": ["EUR", "USD"]}),
    eventCode={**TEXT, "enum": ["AUTHORISATION", "CAPTURE"]},
    success={**TEXT, "enum": ["true", "false"]},
    reason=TEXT,
    additionalData=an_object(["hmacSignature"], hmacSignature=TEXT),
)
ITEMS = {"type": "array", "minItems": 1, "maxItems": 1, "items": an_object([], NotificationRequestItem=ITEM)}
BLOCK = an_object(["token", "timestamp", "signature"], token=TEXT, timestamp=TEXT, signature=TEXT)
EVENT = an_object(["event", "id"], event={**TEXT, "enum": ["delivered", "failed"]}, id=TEXT)
MESSAGE = an_object(["message_uuid", "status"], message_uuid=TEXT, status=TEXT, text=TEXT)

ADYEN_EXAMPLE = {
    "live": "false",
    "notificationItems": [
        {
            "NotificationRequestItem": {
                "pspReference": "7914073381342284",
                "originalReference": "",
                "merchantAccountCode": "TestMerchant",
                "merchantReference": "TestPayment-1407325143704",
                "amount": {"value": 1130, "currency": "EUR"},
                "eventCode": "AUTHORISATION",
                "success": "true",
                "additionalData": {"hmacSignature": "coqCmt/IZ4E3CzPvMY8zTjQVL5hYJUiBRg8UU+iCWo0="},
            }
        }
    ],
}
"""The example of Adyen's documentation and of its libraries' tests, with the signature that KEYS makes."""

DOCUMENTS = {
    "adyen-like": with_schema(
        an_object(["live", "notificationItems"], live=TEXT, notificationItems=ITEMS), example=ADYEN_EXAMPLE
    ),
    "mailgun-like": with_schema(
        an_object(["signature", "event-data"], signature=BLOCK, **{"event-data": EVENT}),
        example={
            "signature": {"token": "t", "timestamp": "1", "signature": "s"},
            "event-data": {"event": "delivered", "id": "a"},
        },
    ),
    "twilio-like": TWILIO_LIKE,
}
MESSAGES = with_schema(MESSAGE, example={"message_uuid": "a", "status": "delivered", "text": "é/<b>"})


def document_for(name):
    """A contract that the scheme of a preset can sign."""
    return DOCUMENTS.get(name, MESSAGES)


def signature_of(name):
    scheme = load_scheme(name)
    return scheme, load_keys(scheme, {"CALLBACK_SIGNING_KEY": KEYS.get(name, KEY)})


def library(name):
    """A provider's own library, which .ci/run installs."""
    try:
        return importlib.import_module(name)
    except ImportError:
        do_without(f"{name} is not installed: pip install twilio Adyen stripe vonage-jwt mailgun gidgethub slack-sdk")


def by_twilio(request, url, body):
    fields = MultiDict(_fields(body))
    validator = library("twilio.request_validator").RequestValidator(KEY)
    return validator.validate(url, fields, request.get("X-Twilio-Signature", ""))


def by_adyen(request, url, body):
    try:
        return library("Adyen.util").is_valid_hmac_notification(json.loads(body), KEYS["adyen-like"])
    except (KeyError, ValueError, TypeError):  # it compares texts, and Python's comparison takes ASCII only
        return False


def by_mailgun(request, url, body):
    told = json.loads(body).get("signature", {})
    try:
        verify = library("mailgun.security").SecurityGuard.verify_webhook
        return verify(KEY, told["token"], told["timestamp"], told["signature"])
    except (KeyError, TypeError, ValueError):
        return False


def by_vonage(request, url, body):
    import jwt

    _, _, token = request.get("Authorization", "").partition(" ")
    try:
        is_signed = library("vonage_jwt").verify_signature(token, KEY)
    except library("vonage_jwt").VonageVerifyJwtError:
        return False
    hashed = hashlib.sha256(body).hexdigest()
    return is_signed and jwt.decode(token, options={"verify_signature": False})["payload_hash"] == hashed


def by_stripe(request, url, body):
    stripe = library("stripe")
    try:
        return stripe.WebhookSignature.verify_header(body, request.get("Stripe-Signature"), KEY, tolerance=300)
    except (stripe.SignatureVerificationError, TypeError):  # as above
        return False


def by_gitlab(request, url, body):
    """GitLab has no library of a receiver; its documentation asks for a comparison of the header with the token."""
    return hmac.compare_digest(request.get("X-Gitlab-Token", "").encode(), KEY.encode())


BY_PROVIDER = {
    "adyen-like": (by_adyen, "Adyen"),
    "gitlab-like": (by_gitlab, "hmac"),
    "mailgun-like": (by_mailgun, "mailgun"),
    "stripe-like": (by_stripe, "stripe"),
    "twilio-like": (by_twilio, "twilio"),
    "vonage-like": (by_vonage, "vonage_jwt"),
}
"""How the library of each verifies, and the library's name."""


@contextlib.contextmanager
def verifying(verify: Callable[..., object]):
    """Serve a receiver that acknowledges what `verify(headers, url, body)` finds right, or answers 403 for 403."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            try:
                said = verify(self.headers, f"http://{self.headers['Host']}{self.path}", body)
                status = said if said in {403} else 200 if said else 401
            except Exception:
                status = 500
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    with http_server(Handler) as url:
        yield f"{url}/hook?tenant=1"


def _fields(body):
    from urllib.parse import parse_qsl

    return parse_qsl(body.decode(), keep_blank_values=True)
