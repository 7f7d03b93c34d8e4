"""httpx, over one connection."""

import sys
from pathlib import Path

import httpx

url, file = sys.argv[1:]
with httpx.Client() as client:
    for _ in range(2):
        response = client.post(url, content=Path(file).read_bytes(), headers={"Content-Type": "application/json"})
        print(response.status_code)
