"""Opens a stored mail out of a dump of the database, with nothing but its reader's password. No lock-in.

    python open_a_mail.py DUMP USERNAME [MAIL_ID] > mail.eml      (the password is asked for)

DUMP is plain SQL as pg_dump writes it (docs/running.md). Without MAIL_ID the ids of the mails are listed.
Wants: pip install argon2-cffi cryptography zstandard. The forms are told in docs/keys.md.
"""

import sys
from getpass import getpass
from pathlib import Path
from unicodedata import normalize

import zstandard
from argon2.low_level import Type, hash_secret_raw
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, MLKEM768X25519PrivateKey, Suite


def table(name):
    """The rows of a table, as dicts of text; bytes are written \\\\x…"""
    lines = iter(Path(sys.argv[1]).read_text(encoding="utf-8").split("\n"))
    head = next(line for line in lines if line.startswith(f"COPY public.{name} ("))
    columns = head[head.index("(") + 1 : head.index(")")].replace('"', "").split(", ")
    for line in iter(lambda: next(lines), "\\."):
        yield dict(zip(columns, line.split("\t"), strict=True))


def unseal(key, text, place):
    """AES-256-GCM: mh1, key id (8), nonce (12), ciphertext and tag; bound to head and place."""
    envelope = bytes.fromhex(text[3:])
    return AESGCM(key).decrypt(envelope[11:23], envelope[23:], envelope[:11] + place.encode())


owner = next(row["id"] for row in table("accounts_user") if row["username"].lower() == sys.argv[2].lower())
mine = [row for row in table("mail_email") if row["owner_id"] == owner]
if len(sys.argv) < 4:
    sys.exit("\n".join(f"{row['id']}  {row['received_at']}" for row in mine))

identity = next(row for row in table("accounts_identity") if row["owner_id"] == owner)
password = normalize(
    "NFKC", getpass("Password: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
)
costs = [int(identity[name]) for name in ("passes", "memory", "lanes")]
kek = hash_secret_raw(password.encode(), bytes.fromhex(identity["salt"][3:]), *costs, 32, Type.ID)
place = f"mh1:wrap:{owner}:accounts.identity:wrapped_by_password:{identity['id']}"
secret = unseal(kek, identity["wrapped_by_password"], place)

email = next(row for row in mine if row["id"] == sys.argv[3])
content = next(row for row in table("accounts_contentkey") if row["id"] == email["content_key_id"])
envelope = bytes.fromhex(content["sealed"][3:])
reader = MLKEM768X25519PrivateKey(
    MLKEM768PrivateKey.from_seed_bytes(secret[:64]), X25519PrivateKey.from_private_bytes(secret[64:])
)
place = f"mh1:seal:{owner}:accounts.contentkey:sealed:{content['id']}"
suite = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
key = suite.decrypt(envelope[11:], reader, info=envelope[:11] + place.encode())
message = next(row for row in table("mail_message") if row["email_id"] == email["id"])
raw = unseal(key, message["raw"], f"mh1:seal:{owner}:mail.message:raw:{email['id']}")
sys.stdout.buffer.write(zstandard.decompress(raw))
