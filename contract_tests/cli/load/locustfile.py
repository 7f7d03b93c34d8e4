"""Locustfile of `load`: plain Locust runs it, too; its options come from the environment or callback-contract.toml."""

from callback_contract.contract_tests.cli.load.wiring import user_and_shape_of_the_environment

Provider, Campaign = user_and_shape_of_the_environment()
