"""Runs the program as `python -m callback_contract.contract_tests`."""

from callback_contract.contract_tests.cli.main import main

main()
