"""A correct receiver behind nginx, as many are run: TLS ends at nginx, which takes at most 100 kB and only POST.

nginx answers 404 to every other method at the callbacks' URL, and lets GET through to the read-back. Behind it runs
``small_receiver.py`` on a port of its own. The certificate comes from an authority that is made at every start; its
own certificate is written to the file that ``CA`` names, for the sender to trust.

Start it with ``PORT=8443 STORE=receiver.sqlite3 CA=ca.pem python nginx_receiver.py``; it needs nginx, flask, waitress and
cryptography.
"""

import datetime
import ipaddress
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

BEHIND = pathlib.Path(__file__).with_name("small_receiver.py")

# Nothing is written outside the folder, so that it runs for any user, several times at once.
CONFIGURATION = """
{user}
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log stderr error;
events {{ worker_connections 256; }}
http {{
    access_log off;
    server_tokens off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    upstream receiver {{
        server 127.0.0.1:{behind};
        keepalive 16;
    }}
    server {{
        listen 127.0.0.1:{port} ssl;
        ssl_certificate {folder}/server.pem;
        ssl_certificate_key {folder}/server.pem;
        ssl_protocols TLSv1.2 TLSv1.3;
        client_max_body_size 100k;
        client_body_buffer_size 128k;
        proxy_http_version 1.1;
        proxy_set_header Connection "";
        location = /callbacks/whatsapp {{
            if ($request_method != POST) {{ return 404; }}
            proxy_pass http://receiver;
        }}
        location /callbacks/whatsapp/ {{
            limit_except GET {{ deny all; }}
            proxy_pass http://receiver;
        }}
        location / {{ return 404; }}
    }}
}}
"""


def certificates(folder: pathlib.Path) -> bytes:
    """Writes a certificate for 127.0.0.1 with its key; gives the certificate of the authority behind it."""
    now = datetime.datetime.now(datetime.UTC)
    day = datetime.timedelta(days=1)
    authority_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    authority_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "made for a test")])

    def begun(name: x509.Name, public_key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(authority_name)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - day)
            .not_valid_after(now + 90 * day)
        )

    authority = begun(authority_name, authority_key.public_key()).add_extension(
        x509.BasicConstraints(ca=True, path_length=0), critical=True
    )
    server = (
        begun(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")]), key.public_key())
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file = folder / "server.pem"
    file.touch(mode=0o600)
    file.write_bytes(private + server.sign(authority_key, hashes.SHA256()).public_bytes(pem))
    return authority.sign(authority_key, hashes.SHA256()).public_bytes(pem)


def free_port() -> int:
    """A port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port: int, process: subprocess.Popen) -> None:
    """Waits until the receiver behind nginx takes connections."""
    for _ in range(600):
        if process.poll() is not None:
            sys.exit("the receiver behind nginx did not start")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    sys.exit("the receiver behind nginx takes no connection")


def main() -> int:
    """Runs both until one of them ends or this process is told to stop."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    behind = free_port()
    authority = pathlib.Path(os.environ["CA"]).absolute()
    # Beside the authority's file: who kills this process and clears up there leaves no key behind.
    with tempfile.TemporaryDirectory(dir=authority.parent) as name:
        folder = pathlib.Path(name)
        authority.write_bytes(certificates(folder))
        configuration = CONFIGURATION.format(
            folder=folder,
            behind=behind,
            port=os.environ["PORT"],
            user="user root;" if os.geteuid() == 0 else "",  # the workers have to reach the folder
        )
        (folder / "nginx.conf").write_text(configuration)
        receiver = subprocess.Popen([sys.executable, str(BEHIND)], env={**os.environ, "PORT": str(behind)})
        try:
            wait_for(behind, receiver)
            nginx = subprocess.Popen(["nginx", "-e", "stderr", "-p", name, "-c", str(folder / "nginx.conf")])
            try:
                return nginx.wait()
            finally:
                nginx.terminate()
                nginx.wait()
        finally:
            receiver.terminate()
            receiver.wait()


if __name__ == "__main__":
    sys.exit(main())
