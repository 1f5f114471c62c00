"""The one error of talking to a mail server. Its text is a code of ours, never what the server said."""


class SyncError(Exception):
    """Why a run could not go on.

    Codes: "connection-lost", "too-slow", "too-much" (a limit of ours was passed, the connection is closed),
    "server-busy", "throttled", "folder-gone", "folder-refused", "refused", "protocol".
    `transient` errors are worth another try; `retry_after` is the server's own wish in seconds.
    `uids` are the mails that were asked for when the answer broke off: the same single one again and again
    is a mail to set aside.
    """

    def __init__(
        self,
        code: str,
        *,
        transient: bool = True,
        retry_after: int | None = None,
        uids: tuple[int, ...] = (),
    ) -> None:
        super().__init__(code)
        self.code = code
        self.transient = transient
        self.retry_after = retry_after
        self.uids = uids
