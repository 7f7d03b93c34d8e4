"""The provider's side of the wire: whole lives of messages, retried, repeated and out of order as asked."""
