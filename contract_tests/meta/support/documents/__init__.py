"""Published documents of OpenAPI and the suite of JSON Schema, which tests and scripts read."""
