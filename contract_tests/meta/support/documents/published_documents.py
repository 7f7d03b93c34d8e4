"""Published documents of providers: in repositories, each named with its commit, and read from clones of these.

Nobody's document is kept here: the files of a commit are taken out of FOLDER/OWNER/NAME, a clone with or without a work
tree. `python -m callback_contract.contract_tests.meta.scripts.documents --clones FOLDER` prints the table.
"""

from __future__ import annotations

import subprocess
import tarfile
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from callback_contract.contract_tests.meta.support.documents.real_documents import Unavailable

__all__ = ["PUBLISHED", "Published", "taken_out"]

_LONGEST_S = 120


@dataclass(frozen=True)
class Published:
    """A document in a repository.

    Attributes:
        label: Whose it is, and of what kind.
        repository: Owner and name.
        path: Of the document; `folder` is what it refers to, empty for itself alone.
        below: The folder below which its references lead; empty for its own.
        paths: Whether its callbacks stand under `paths`.
        judged: Callbacks that the suite judges the mock by; all of them when there is none.
    """

    label: str
    repository: str
    commit: str
    path: str
    folder: str = ""
    below: str = ""
    paths: bool = False
    judged: tuple[str, ...] = ()


def taken_out(document: Published, clones: Path, target: Path) -> Path:
    """Return the file of a document, taken out of its repository's clone into a folder.

    Raises:
        Unavailable: There is no such clone, or it lacks the commit or the file.
    """
    clone = clones / document.repository
    if not clone.is_dir():
        raise Unavailable(f"no clone of {document.repository}")
    wanted = document.folder or document.path
    archive = ["git", "-C", str(clone), "archive", document.commit, "--", *([] if wanted == "." else [wanted])]
    try:
        made = subprocess.run(archive, check=True, capture_output=True, timeout=_LONGEST_S).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise Unavailable(f"{document.repository} {document.commit[:12]}: {error}") from None
    folder = target / document.repository.replace("/", "-")
    with tarfile.open(fileobj=BytesIO(made)) as tar:
        tar.extractall(folder, filter="data")
    return folder / document.path


_ADYEN = ("Adyen/adyen-openapi", "aa014f0cbdb58ff5c44a2ff9d5fe734642210aff")
_VONAGE = ("Nexmo/api-specification", "ad042003e946f5d99512cda2a8601488c8e863e5")
_POLAR = ("polarsource/polar", "c6c3645e639ee8eeaa05aa0835cf8e39e330382f")
_3GPP = ("jdegre/5GC_APIs", "045f2ab4d654ab585da08228d67b3a6f80340bd3")
_CODE = ("code", "code")

PUBLISHED = (
    Published("Adyen, payments (3.1, webhooks)", *_ADYEN, "yaml/Webhooks-v1.yaml"),
    Published("Adyen, management (3.1, webhooks)", *_ADYEN, "yaml/ManagementNotificationService-v3.yaml"),
    Published("Adyen, transfers (3.1, webhooks)", *_ADYEN, "yaml/BalancePlatformTransferNotification-v4.yaml"),
    Published("Adyen, configuration (3.1, webhooks)", *_ADYEN, "yaml/BalancePlatformConfigurationNotification-v2.yaml"),
    Published("Adyen, tokens (3.1, webhooks)", *_ADYEN, "yaml/TokenizationNotification-v1.yaml"),
    Published("Adyen, MarketPay (3.1, webhooks)", *_ADYEN, "yaml/MarketPayNotificationService-v6.yaml"),
    Published("Vonage, SMS (3.0, x-webhooks)", *_VONAGE, "definitions/sms.yml", "definitions"),
    Published("Vonage, voice (3.0, x-webhooks)", *_VONAGE, "definitions/voice.v2.yml", "definitions"),
    Published("Vonage, number insight (3.0, x-webhooks)", *_VONAGE, "definitions/number-insight.yml", "definitions"),
    Published("Vonage, messages (3.0, x-webhooks)", *_VONAGE, "definitions/messages-olympus.yml", "definitions"),
    Published("Vonage, dispatch (3.0, x-webhooks)", *_VONAGE, "definitions/dispatch.yml", "definitions"),
    Published(
        "CAMARA, quality on demand (3.0, callbacks)",
        "camaraproject/QualityOnDemand",
        "e29b052a99f215eabd8558656baa2bbf402fe03e",
        "code/API_definitions/quality-on-demand.yaml",
        *_CODE,
    ),
    Published(
        "CAMARA, provisioning of quality (3.0, callbacks)",
        "camaraproject/QualityOnDemand",
        "e29b052a99f215eabd8558656baa2bbf402fe03e",
        "code/API_definitions/qos-provisioning.yaml",
        *_CODE,
    ),
    Published(
        "CAMARA, geofencing (3.0, callbacks)",
        "camaraproject/DeviceLocation",
        "0c73334cc67c02f6d610767546571248662849e8",
        "code/API_definitions/geofencing-subscriptions.yaml",
        *_CODE,
    ),
    Published(
        "CAMARA, SIM swap (3.0, callbacks)",
        "camaraproject/SimSwap",
        "4dd81945cd26c011d1087081b22b6c7980f16859",
        "code/API_definitions/sim-swap-subscriptions.yaml",
        *_CODE,
    ),
    Published(
        "TM Forum, product order (3.0, paths)",
        "tmforum-apis/TMF622_ProductOrder",
        "1dda858d8b74613a2c8e5ec7448d44cf1e859d9a",
        "TMF622-ProductOrdering-v5.0.0.oas.yaml",
        paths=True,
        judged=("productOrderCreateEvent", "productOrderStateChangeEvent", "cancelProductOrderCreateEvent"),
    ),
    Published(
        "TM Forum, product catalog (3.0, paths)",
        "tmforum-apis/TMF620_ProductCatalog",
        "2805255a7554649d016d987b4d90a44294beae05",
        "TMF620-Product_Catalog_Management-v5.0.0.oas.yaml",
        paths=True,
        judged=("productOfferingCreateEvent", "categoryDeleteEvent", "importJobStateChangeEvent"),
    ),
    Published(
        "TM Forum, trouble ticket (3.0, paths)",
        "tmforum-apis/TMF621_TroubleTicket",
        "f5b8ffb5975f523b17d8d55c25537d5d3533ecdb",
        "TMF621-Trouble_Ticket-v5.0.1.oas.yaml",
        paths=True,
        judged=("troubleTicketCreateEvent", "troubleTicketResolvedEvent", "troubleTicketStatusChangeEvent"),
    ),
    Published("Polar (3.1, webhooks)", *_POLAR, "docs/openapi/2026-10.openapi.json"),
    Published("Polar, before (3.1, webhooks)", *_POLAR, "docs/openapi/2026-04.openapi.json"),
    Published("3GPP, monitoring (3.0, callbacks)", *_3GPP, "TS29122_MonitoringEvent.yaml", "."),
    Published("3GPP, AMF communication (3.0, callbacks)", *_3GPP, "TS29518_Namf_Communication.yaml", "."),
    Published("3GPP, analytics (3.0, callbacks)", *_3GPP, "TS29520_Nnwdaf_EventsSubscription.yaml", "."),
    Published("3GPP, session events (3.0, callbacks)", *_3GPP, "TS29508_Nsmf_EventExposure.yaml", "."),
    Published(
        "Svix (3.1, webhooks)",
        "svix/svix-webhooks",
        "4fc0cfb8b426c87ef7e2b937e7d896a71d456a47",
        "server/openapi.json",
    ),
    Published(
        "Clerk (3.1, webhooks)",
        "clerk/openapi-specs",
        "7987d1b776258d5ddd9163e1a03d256b5ac4d64a",
        "webhooks/2025-04-15.yml",
    ),
    Published(
        "Lago (3.1, webhooks)",
        "getlago/lago-openapi",
        "120da1213306145141d3dd34022dd47a3216c911",
        "openapi.yaml",
    ),
    Published(
        "SumUp (3.0, callbacks)",
        "sumup/sumup-openapi",
        "d5acd92ca6879fb795a009ec66a6f8441bc8f59f",
        "openapi.yaml",
    ),
    Published(
        "Resend (3.1, webhooks)",
        "resend/resend-openapi",
        "fd6f395f2114e13806025f0c330921c901d62bb1",
        "resend.yaml",
    ),
    Published(
        "Lithic (3.1, webhooks)",
        "lithic-com/lithic-openapi",
        "225e0708c9248e9b5051b98ad6f8a6cdc0b1eff0",
        "lithic-openapi.yml",
    ),
    Published(
        "OpenAI (3.1, webhooks)",
        "openai/openai-openapi",
        "f85dbe223d40e1a31cba812ab2d755c7e98a92a3",
        "openapi.yaml",
    ),
)
