"""Child side of web push: encryption for one browser (RFC 8291) and the word that it is from us (RFC 8292).

In a child, since the browser's key is whatever somebody handed in, and so that the server, idle most of the
time, does not keep 10 MB of cryptography. Its library is here anyway, for yt-dlp.
"""

import base64
import json
import os
import time
from typing import Any

from app.children.child import Emit
from app.errors import Failure, FailureKind

LIFE_S = 12 * 3600
"""A push service takes no word that is good for more than a day."""
RECORD_BYTES = 4096
KEY_BYTES, AUTH_BYTES, SALT_BYTES = 65, 16, 16


def make_keys(args: dict[str, Any], emit: Emit) -> dict[str, Any]:
    """A new pair on P-256: `private` (the number) and `public` (the point), in base64url."""
    from Cryptodome.PublicKey import ECC

    key = ECC.generate(curve="P-256")
    return {
        "private": encode(int(key.d).to_bytes(32, "big")),
        "public": encode(key.public_key().export_key(format="raw")),
    }


def seal_in_child(args: dict[str, Any], emit: Emit) -> dict[str, Any]:
    """`text`, encrypted for `p256dh` and `auth`: `body` in base64url, and the `authorization` header's value.

    Raises Failure when the browser's key is none.
    """
    from Cryptodome.PublicKey import ECC

    body = encrypt(
        args["text"].encode(),
        _point(args["p256dh"]),
        decode(args["auth"]),
        own=ECC.generate(curve="P-256"),
        salt=os.urandom(SALT_BYTES),
    )
    claims = {"aud": args["audience"], "exp": int(time.time()) + LIFE_S}
    if args["contact"]:
        claims["sub"] = args["contact"]
    token = sign(claims, args["private"])
    return {"body": encode(body), "authorization": f"vapid t={token}, k={args['public']}"}


def encrypt(text: bytes, theirs: Any, auth: bytes, *, own: Any, salt: bytes) -> bytes:
    """One record of `aes128gcm`. `theirs` is the browser's point, `own` a pair for this message alone."""
    from Cryptodome.Cipher import AES
    from Cryptodome.Protocol.DH import key_agreement

    if len(text) + 17 > RECORD_BYTES:
        raise ValueError("too long for a push message")
    ours: bytes = own.public_key().export_key(format="raw")
    both = b"WebPush: info\0" + theirs.export_key(format="raw") + ours
    shared = key_agreement(eph_priv=own, static_pub=theirs, kdf=bytes)
    material = _derive(bytes(shared), 32, auth, both)
    key = _derive(material, 16, salt, b"Content-Encoding: aes128gcm\0")
    nonce = _derive(material, 12, salt, b"Content-Encoding: nonce\0")
    # The 2 says that no other record follows.
    sealed, tag = AES.new(key, AES.MODE_GCM, nonce=nonce).encrypt_and_digest(text + b"\2")
    return salt + RECORD_BYTES.to_bytes(4, "big") + bytes([len(ours)]) + ours + sealed + tag


def _derive(material: bytes, length: int, salt: bytes, context: bytes) -> bytes:
    from Cryptodome.Hash import SHA256
    from Cryptodome.Protocol.KDF import HKDF

    found = HKDF(material, length, salt, SHA256, context=context)
    assert isinstance(found, bytes)
    return found


def sign(claims: dict[str, Any], private: str) -> str:
    """A JSON web token, ES256."""
    from Cryptodome.Hash import SHA256
    from Cryptodome.PublicKey import ECC
    from Cryptodome.Signature import DSS

    key = ECC.construct(curve="P-256", d=int.from_bytes(decode(private), "big"))
    signed = ".".join(encode(json.dumps(part).encode()) for part in ({"typ": "JWT", "alg": "ES256"}, claims))
    signature = DSS.new(key, "fips-186-3", encoding="binary").sign(SHA256.new(signed.encode()))
    return f"{signed}.{encode(signature)}"


def encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def decode(text: str) -> bytes:
    """Raises ValueError."""
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def is_key(p256dh: str, auth: str) -> bool:
    """Do these look like a browser's keys? Whether the point is on the curve is for the child to see."""
    try:
        point = decode(p256dh)
        return len(point) == KEY_BYTES and point[0] == 4 and len(decode(auth)) == AUTH_BYTES
    except ValueError:
        return False


def _point(text: str) -> Any:
    from Cryptodome.PublicKey import ECC

    try:
        return ECC.import_key(decode(text), curve_name="P-256")
    except ValueError:
        raise Failure(FailureKind.PERMANENT, "this browser's key is none") from None
