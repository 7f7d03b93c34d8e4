"""requests with urllib3's Retry: one event to a URL, with retries a fixed pause apart."""

import sys
import uuid
from pathlib import Path

import requests
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry


class FixedRetry(Retry):
    def get_backoff_time(self):
        return float(pause) if self.history else 0


url, file, pause, tries, timeout = sys.argv[1:6]
body = Path(file).read_text("utf-8").replace("UNIQUE", uuid.uuid4().hex)
retry = FixedRetry(
    total=int(tries),
    redirect=False,
    status_forcelist=[302, 400, 404, 429, 500, 502, 503, 504],
    allowed_methods=None,  # POST, too
    raise_on_status=False,
)
with requests.Session() as session:
    session.mount("http://", HTTPAdapter(max_retries=retry))
    headers = {"Content-Type": "application/json", "X-Sent-By": "requests"}
    try:
        session.post(url, data=body.encode(), headers=headers, timeout=float(timeout), allow_redirects=False)
    except requests.RequestException as error:
        sys.exit(f"given up: {error}")
