"""What the rules send, a file for each class of delivery; http, stories and signatures are about how it is sent."""

CLASSES = {
    # module: the class of its deliveries, where nothing about their HTTP is out of the ordinary
    "valid": "valid",
    "texts": "valid",
    "forward": "forward-compatible",
    "off_schema": "off-schema",
    "hard": "off-schema",
    "unparsable": "unparsable",
}
"""The four classes of delivery (judgement): what a receiver owes to each."""
