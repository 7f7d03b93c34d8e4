"""Example of test vectors in a receiver's unit tests: copy this file, it needs only the standard library."""

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path


def broken_expectations(
    vectors: Path, deliver: Callable[[str, str, list[tuple[str, str]], bytes], int]
) -> Iterator[str]:
    """Send every vector to a receiver and yield the rules that it breaks.

    Args:
        vectors: The file that `callback-contract export --as vectors` wrote.
        deliver: Takes method, query, headers and body, and returns the status of the receiver's response. An exception
            of the receiver counts as a 500, as it would in a server.
    """
    for vector in json.loads(vectors.read_text(encoding="utf-8"))["vectors"]:
        body = base64.b64decode(vector["body_base64"]) if "body_base64" in vector else vector["body"].encode()
        headers = [(name, value) for name, value in vector["headers"]]
        try:
            status = deliver(vector["method"], vector.get("query", ""), headers, body)
        except Exception:
            status = 500
        for rule in vector["expect"]:
            if not {str(status), f"{status // 100}xx"} & set(rule["statuses"]):
                yield f"{rule['rule']} {rule['level']}: {vector['id']} got {status}, expected {rule['expected']}"
