"""The language of a terminal: the option before the variable, the variable before the locale, else English."""

from __future__ import annotations

import pytest

from callback_contract.openapi.text.language import chosen_language


@pytest.mark.parametrize(
    ("argv", "environ", "language"),
    [
        ([], {}, "en"),
        ([], {"LANG": "zh_CN.UTF-8"}, "zh"),
        ([], {"LANG": "zh_CN.UTF-8", "LC_ALL": "en_US.UTF-8"}, "en"),
        ([], {"LANG": "zh_CN.UTF-8", "LC_ALL": ""}, "zh"),
        ([], {"LANG": "C.UTF-8", "LC_MESSAGES": "zh-Hans"}, "zh"),
        ([], {"LANG": "zhx"}, "en"),
        (["check", "--language", "zh"], {}, "zh"),
        (["check", "--language=en"], {"LANG": "zh_CN"}, "en"),
        (["check"], {"CALLBACK_CONTRACT_CHECK_LANGUAGE": "zh"}, "zh"),
        (["check", "--language", "en"], {"CALLBACK_CONTRACT_CHECK_LANGUAGE": "zh"}, "en"),
        (["check", "--language"], {"LANG": "zh_CN"}, "zh"),
        (["check", "--language", "fr"], {}, "en"),
    ],
)
def test_language_is_the_option_or_the_locale(argv, environ, language):
    assert chosen_language(argv, environ) == language
