"""Backup codes: ten, each stands in for the authenticator once."""

from django.utils import timezone

from accounts.models import BackupCode
from accounts.ownership import acting_as
from accounts.recovery import hash_backup_code, new_backup_code

HOW_MANY = 10


def draw() -> list[str]:
    """Ten new codes, which do not hold yet: the only time that they are seen."""
    return [new_backup_code() for _ in range(HOW_MANY)]


def issue(owner: int) -> list[str]:
    """Ten new codes in place of the old ones."""
    codes = draw()
    replace(owner, codes)
    return codes


def replace(owner: int, codes: list[str]) -> None:
    """These codes hold from now on, and no others."""
    with acting_as(owner):
        BackupCode.objects.for_user(owner).delete()
        BackupCode.objects.for_user(owner).bulk_create(
            BackupCode(owner_id=owner, digest=hash_backup_code(owner, code)) for code in codes
        )


def are_current(owner: int, codes: list[str]) -> bool:
    """Whether all of them still work. Of two sets that were made at the same moment one may not."""
    digests = [hash_backup_code(owner, code) for code in codes]
    return BackupCode.objects.for_user(owner).filter(digest__in=digests, used_at=None).count() == len(codes)


def use(owner: int, code: str) -> bool:
    """Whether the code was good; it is worth nothing afterwards. Of parallel uses one succeeds."""
    with acting_as(owner):
        mine = BackupCode.objects.for_user(owner).filter(digest=hash_backup_code(owner, code), used_at=None)
        return mine.update(used_at=timezone.now()) == 1
