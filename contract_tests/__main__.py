"""Entry of `python -m callback_contract.contract_tests`: runs the program."""

from callback_contract.contract_tests.cli.main import main

main()
