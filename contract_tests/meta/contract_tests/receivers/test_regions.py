"""Lines to change, cut from the starters: each stands alone, or says in a comment what the rest of the file gives."""

from __future__ import annotations

import ast
import builtins
import re

import pytest

from callback_contract.contract_tests.meta.support.processes import FOLDER
from callback_contract.contract_tests.receivers.regions import FRAMEWORKS, regions_of

REGIONS = [
    pytest.param(starter, code, id=f"{starter.name}-{region}")
    for starter in FRAMEWORKS.values()
    for region, code in regions_of(starter.name).items()
]
COMMENT = {"Python": r"#[^\n]*", "JavaScript": r"//[^\n]*", "Go": r"//[^\n]*", "PHP": r"//[^\n]*", "Java": r"//[^\n]*"}
STRING = r"'(?:[^'\\\n]|\\.)*'|\"(?:[^\"\\\n]|\\.)*\"|`[^`]*`"
# How a file of another language than Python names what is its own: what it declares, and what comes from a caller.
DECLARED = {
    "JavaScript": r"\b(?:const|let|function)\s+([\w, ]+)",
    "Go": r"\b(?:func|var|type)\s+(?:\([^)]*\)\s*)?(\w+)|^\t(\w+) +=|([\w, ]+?)\s*:=",
    "PHP": r"\b(?:const|function)\s+(\w+)|(\$\w+)\s*=(?!=)|as (\$\w+)|\[((?:\$\w+,? ?)+)\] =",
    "Java": r"\b(?:[A-Z]\w*(?:<[\w<>, ]*>)?|byte\[\]|boolean)\s+(\w+)\s*[=;(]",
}
FROM_CALLER = {
    "JavaScript": r"\(([\w, ]*)\) *(?:=>|\{)",
    "Go": r"func[^{]*?\w\(([^)]*)\)",
    "PHP": r"function \w+\(([^)]*)\)",
    "Java": r"\w\((\w+ \w+(?:, \w+ \w+)*)\) (?:throws \w+ )?\{|\((\w+, \w+)\) ->",
}
NAME = r"(?<![\w.$>])\$?[A-Za-z_]\w*"


def free_in_python(code, file):
    """The names of a region that nothing in it, the language or an import gives, and no caller."""
    try:
        tree = ast.parse(code)
    except SyntaxError:  # a keyword argument
        tree = ast.parse(f"dict({code})")
    used = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    bound = {node.id for node in used if isinstance(node.ctx, ast.Store)}
    whole = list(ast.walk(ast.parse(file)))
    caller = {node.arg for node in whole if isinstance(node, ast.arg)}
    imports = [node for node in whole if isinstance(node, (ast.Import, ast.ImportFrom))]
    imported = {alias.asname or alias.name for node in imports for alias in node.names}
    declared = {node.target.id for node in ast.walk(tree) if isinstance(node, ast.AnnAssign)}
    return {node.id for node in used} - bound - declared - caller - imported - set(dir(builtins))


def names(pattern, text):
    found = (group for match in re.finditer(pattern, text, re.MULTILINE) for group in match.groups() if group)
    return {name for group in found for name in re.findall(r"\$?\w+", group)}


def free_elsewhere(code, file, language):
    """The names of a region that its file declares outside it."""
    bare = re.sub(f"{STRING}|{COMMENT[language]}", "", code)
    given = names(DECLARED[language], bare) | names(FROM_CALLER[language], file)
    return (set(re.findall(NAME, bare)) & names(DECLARED[language], file)) - given


@pytest.mark.parametrize(("starter", "code"), REGIONS)
def test_region_stands_alone_or_says_what_the_rest_of_the_starter_gives(starter, code):
    file = (FOLDER / starter.file).read_text("utf-8")
    is_python = starter.language == "Python"
    free = free_in_python(code, file) if is_python else free_elsewhere(code, file, starter.language)
    said = " ".join(re.findall(COMMENT[starter.language], code))
    assert {name for name in free if not re.search(rf"(?<!\w){re.escape(name)}(?!\w)", said)} == set()


@pytest.mark.parametrize(
    ("language", "code", "free"),
    [
        ("JavaScript", "if (!fits(body)) throw refusal(400, 'fits');", {"fits", "refusal"}),
        ("Go", "if contains(states) { return }", {"contains", "states"}),
        ("PHP", "if (in_array($state, FOLLOWS[$status])) { refuse(400, ''); }", {"$state", "FOLLOWS", "refuse"}),
        ("Java", "if (!USABLE.matcher(id).matches()) { throw badRequest(id); }", {"USABLE", "badRequest"}),
    ],
)
def test_name_that_a_file_declares_elsewhere_is_noticed(language, code, free):
    file = {
        "JavaScript": "const fits = (value) => value;\nfunction refusal(status, reason) {}\n",
        "Go": "states, known := follows[status]\nfunc contains(all []string) bool {}\n",
        "PHP": "const FOLLOWS = [];\n$state = 1;\nfunction refuse(int $code) {}\nfunction store($status) {}\n",
        "Java": "Pattern USABLE = x;\nResponseStatusException badRequest(String id) {\n",
    }
    assert free_elsewhere(code, file[language], language) == free
