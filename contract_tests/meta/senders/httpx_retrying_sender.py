"""httpx with a loop of its own: one event to a URL, with retries a fixed pause apart."""

import email.utils
import sys
import time
import uuid
from pathlib import Path

import httpx

url, file, pause, tries, timeout = sys.argv[1:6]
body = Path(file).read_text("utf-8").replace("UNIQUE", uuid.uuid4().hex).encode()
headers = {"Content-Type": "application/json", "X-Sent-By": "httpx"}


def wait_s(response):
    asked = response.headers.get("retry-after") if response is not None else None
    if asked is None:
        return float(pause)
    if asked.isdigit():
        return float(asked)
    return max(0.0, email.utils.parsedate_to_datetime(asked).timestamp() - time.time())


with httpx.Client(timeout=float(timeout)) as client:
    for _ in range(int(tries) + 1):
        response = None
        try:
            response = client.post(url, content=body, headers=headers)
            if response.is_success or response.status_code == 410:
                break
        except httpx.TransportError:
            pass
        time.sleep(wait_s(response))
