"""What lower applications tell to whoever listens above them."""

from django.dispatch import Signal

#: A reader wants an account synced now. `account` and `owner` are ids; sent after the commit.
sync_wanted = Signal()
