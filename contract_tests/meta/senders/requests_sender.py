"""requests, over one connection."""

import sys
from pathlib import Path

import requests

url, file = sys.argv[1:]
with requests.Session() as session:
    for _ in range(2):
        response = session.post(url, data=Path(file).read_bytes(), headers={"Content-Type": "application/json"})
        print(response.status_code)
