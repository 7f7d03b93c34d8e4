"""Names the correct receivers of this folder, and how each of them is started.

They are independent witnesses that the kit raises no false alarm, and starting points for a receiver of one's own. Each
is one file, listens on 127.0.0.1 at the port in ``PORT``, takes callbacks at `CALLBACK_PATH` and shows what it stored
at `READ_BACK_PATH`. It keeps that in the file that ``STORE`` names (PHP: the directory; PostgreSQL: the database that
``DSN`` names; JavaScript, Go and Java: memory).
"""

from dataclasses import dataclass

CALLBACK_PATH = "/callbacks/whatsapp"
READ_BACK_PATH = "/callbacks/whatsapp/{id}"


@dataclass(frozen=True)
class Receiver:
    """One correct receiver: what it is made with, and what starting it takes.

    Attributes:
        packages: what pip (npm for JavaScript) has to install beyond the kit.
        command: the command line, with ``{python}``, ``{file}`` and ``{port}`` to be filled in.
        tool: the executable that has to be on the PATH, or nothing.
        expected_warnings: the ids of the SHOULD rules that it breaks on purpose.
        possible_warnings: those that it breaks or not by how busy the machine is.
        tls: whether it listens by HTTPS; it writes the authority to trust to the file that ``CA`` names.
        starter: whether it is the one to start from in its framework.
        untested: why no test of the gate runs it; empty for all others. ``untested_zh`` says it in Chinese.
    """

    name: str
    file: str
    language: str
    framework: str
    packages: tuple[str, ...]
    command: tuple[str, ...]
    tool: str = ""
    expected_warnings: tuple[str, ...] = ()
    possible_warnings: tuple[str, ...] = ()
    tls: bool = False
    starter: bool = False
    untested: str = ""
    untested_zh: str = ""

    @property
    def tested(self) -> bool:
        """Whether the gate runs it."""
        return not self.untested

    def started(self, file: str) -> str:
        """The command line that starts it at port 8080, with the file's name as a shell reads it."""
        environment = {"Python": "PORT=8080 STORE=receiver.sqlite3 ", "PHP": ""}.get(self.language, "PORT=8080 ")
        return environment + " ".join(self.command).format(python="python", file=file, port=8080, classpath="'lib/*'")


BASE = "http://127.0.0.1:8080"
JUDGED = f"callback-contract check {BASE}{CALLBACK_PATH} --state-url '{BASE}{READ_BACK_PATH}'"
"""The command line that judges a receiver which `started` has started."""

_PYTHON = ("{python}", "{file}")
_PHP = ("php", "-d", "display_errors=0", "-d", "enable_post_data_reading=0", "-S", "127.0.0.1:{port}", "{file}")

RECEIVERS: tuple[Receiver, ...] = (
    Receiver("flask", "flask_receiver.py", "Python", "Flask 3.1", ("flask", "waitress"), _PYTHON, starter=True),
    Receiver("stdlib", "stdlib_receiver.py", "Python", "http.server", (), _PYTHON),
    Receiver(
        "express",
        "express_receiver.js",
        "JavaScript",
        "Express 5",
        ("express",),
        ("node", "{file}"),
        tool="node",
        starter=True,
    ),
    Receiver(
        "fastapi", "fastapi_receiver.py", "Python", "FastAPI 0.165", ("fastapi", "uvicorn"), _PYTHON, starter=True
    ),
    Receiver("django", "django_receiver.py", "Python", "Django 5.2", ("django", "waitress"), _PYTHON, starter=True),
    Receiver("aiohttp", "aiohttp_receiver.py", "Python", "aiohttp 3.14", ("aiohttp",), _PYTHON, starter=True),
    Receiver("strict", "strict_receiver.py", "Python", "FastAPI 0.165, strict", ("fastapi", "uvicorn"), _PYTHON),
    Receiver(
        "tolerant",
        "tolerant_receiver.py",
        "Python",
        "Flask 3.1, tolerant",
        ("flask", "waitress"),
        _PYTHON,
        expected_warnings=("PAY-18", "PAY-20", "PAY-22"),
    ),
    Receiver("go", "go_receiver.go", "Go", "net/http", (), ("go", "run", "{file}"), tool="go", starter=True),
    Receiver("php", "php_receiver.php", "PHP", "php -S", (), _PHP, tool="php", starter=True),
    Receiver(
        "spring",
        "spring_receiver.java",
        "Java",
        "Spring Boot 3.5",
        ("spring-boot-starter-web",),
        ("java", "-cp", "{classpath}", "{file}"),
        tool="java",
        starter=True,
        untested="its jars come from Maven Central, which the gate's machine does not reach; SPRING_CLASSPATH='lib/*' "
        "lets the tests run it",
        untested_zh="它的 jar 来自 Maven Central，而运行测试的机器无法访问；设置 SPRING_CLASSPATH='lib/*' 后，测试就会运行它",
    ),
    Receiver("late", "late_receiver.py", "Python", "Flask 3.1, answers first", ("flask", "waitress"), _PYTHON),
    Receiver("limited", "limited_receiver.py", "Python", "Starlette 1.10, 429", ("starlette", "uvicorn"), _PYTHON),
    # Its 300 ms are over the median that LOD-04 asks for: the warning is right, and the receiver correct all the same.
    # On a busy machine the rule allows for more than that.
    Receiver(
        "slow",
        "slow_receiver.py",
        "Python",
        "aiohttp 3.14, 300 ms",
        ("aiohttp",),
        _PYTHON,
        possible_warnings=("LOD-04",),
    ),
    Receiver("small", "small_receiver.py", "Python", "Flask 3.1, 100 kB", ("flask", "waitress"), _PYTHON),
    Receiver(
        "nginx",
        "nginx_receiver.py",
        "Python",
        "nginx with TLS before Flask",
        ("flask", "waitress", "cryptography"),
        _PYTHON,
        tool="nginx",
        tls=True,
    ),
    Receiver(
        "postgres",
        "postgres_receiver.py",
        "Python",
        "Flask 3.1 on PostgreSQL",
        ("flask", "waitress", "psycopg[binary,pool]"),
        _PYTHON,
        tool="postgres",
    ),
)
