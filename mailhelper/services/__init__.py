"""The embedded PostgreSQL and Valkey, and the commands of `bin/`. Nothing here imports Django.

Use: `with services.up(data_dir) as env:` and give `env` to the processes that use them.
"""

from mailhelper.services.errors import ServiceError
from mailhelper.services.stack import up

__all__ = ["ServiceError", "up"]
