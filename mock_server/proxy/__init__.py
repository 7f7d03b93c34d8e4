"""Proxy: stands before a real receiver, passes deliveries and answers through, and adds a record of them."""
