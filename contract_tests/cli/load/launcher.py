"""Launcher of Locust for `load`: no configuration file of the user changes a campaign that `load` starts.

Imported in processes of Locust alone.
"""

from __future__ import annotations

from typing import Any

from locust import argument_parser, main

__all__: list[str] = []


class _Parser(argument_parser.LocustArgumentParser):
    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **{**more, "default_config_files": ()})


if __name__ == "__main__":
    argument_parser.LocustArgumentParser = _Parser  # type: ignore[misc]  # Locust has no option for it
    main.main()
