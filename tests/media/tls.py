"""A certificate of our own for a media site that speaks https."""

import shutil
import ssl
import subprocess
from pathlib import Path


def openssl() -> str | None:
    return shutil.which("openssl")


def self_signed(folder: Path, address: str = "127.0.0.1") -> tuple[ssl.SSLContext, Path]:
    """What MediaSite's `tls` wants, and the file that a client has to trust. Needs the openssl command."""
    certificate, key = folder / "site.pem", folder / "site.key"
    command = [openssl() or "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    names = ["-subj", "/CN=media", "-addext", f"subjectAltName=IP:{address},DNS:localhost"]
    files = ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*command, *names, *files], check=True, capture_output=True, timeout=60)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context, certificate
