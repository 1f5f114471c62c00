"""Opens a stored mail out of a dump of the database, with nothing but its reader's password. No lock-in.

    python open_a_mail.py DUMP USERNAME [MAIL_ID] > mail.eml      (the password is asked for)

DUMP is plain SQL as pg_dump writes it (docs/running.md). Without MAIL_ID the ids of the mails are listed.
Wants: pip install argon2-cffi cryptography zstandard. The forms are told in docs/keys.md.
"""

import sys
from getpass import getpass
from unicodedata import normalize

import zstandard
from argon2.low_level import Type, hash_secret_raw
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, MLKEM768X25519PrivateKey, Suite


def rows(table, **wanted):
    """Those of a table that hold what is wanted, as dicts of text, read line by line: dumps are large."""
    with open(sys.argv[1], encoding="utf-8", newline="\n") as dump:
        head = next(line for line in dump if line.startswith(f"COPY public.{table} ("))
        columns = head[head.index("(") + 1 : head.index(")")].replace('"', "").split(", ")
        for line in iter(dump.readline, "\\.\n"):
            row = dict(zip(columns, line[:-1].split("\t"), strict=True))
            if all(row[name].lower() == value.lower() for name, value in wanted.items()):
                yield row


def bound(row, table, field, purpose):
    """An envelope, and what it is bound to: mh1 and the key's id (11 bytes), then the line of its place."""
    envelope, at = bytes.fromhex(row[field][3:]), row.get("id") or row["email_id"]
    return envelope, envelope[:11] + f"mh1:{purpose}:{row['owner_id']}:{table}:{field}:{at}".encode()


def unseal(key, envelope, place):
    """AES-256-GCM: a nonce of 12 bytes after the first 11."""
    return AESGCM(key).decrypt(envelope[11:23], envelope[23:], place)


(owner,) = (row["id"] for row in rows("accounts_user", username=sys.argv[2]))
if len(sys.argv) < 4:
    for row in rows("mail_email", owner_id=owner):
        print(row["id"], row["received_at"])
    sys.exit()

(identity,) = rows("accounts_identity", owner_id=owner)
typed = getpass("Password: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
costs = [int(identity[name]) for name in ("passes", "memory", "lanes")]
salt = bytes.fromhex(identity["salt"][3:])
key = hash_secret_raw(normalize("NFKC", typed).encode(), salt, *costs, 32, Type.ID)
secret = unseal(key, *bound(identity, "accounts.identity", "wrapped_by_password", "wrap"))

(email,) = rows("mail_email", id=sys.argv[3], owner_id=owner)
(content,) = rows("accounts_contentkey", id=email["content_key_id"])
mlkem, x25519 = (
    MLKEM768PrivateKey.from_seed_bytes(secret[:64]),
    X25519PrivateKey.from_private_bytes(secret[64:]),
)
suite = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
envelope, place = bound(content, "accounts.contentkey", "sealed", "seal")
content_key = suite.decrypt(envelope[11:], MLKEM768X25519PrivateKey(mlkem, x25519), info=place)

(message,) = rows("mail_message", email_id=email["id"])
raw = unseal(content_key, *bound(message, "mail.message", "raw", "seal"))
sys.stdout.buffer.write(zstandard.decompress(raw))
