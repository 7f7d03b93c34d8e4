"""The standard library's urllib: a connection for each request, closed by the sender's wish."""

import sys
from pathlib import Path
from urllib.request import Request, urlopen

url, file = sys.argv[1:]
for _ in range(2):
    with urlopen(Request(url, Path(file).read_bytes(), {"Content-Type": "application/json"})) as response:
        print(response.status)
