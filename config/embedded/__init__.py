"""PostgreSQL and Valkey from wheels, for a trial and for the tests: one pair of servers per data folder.

Pure Python without Django: `config.settings` asks here for its database when DATABASE_URL is not set.
"""

from config.embedded.folder import EmbeddedError, data_folder, known_folders
from config.embedded.lifecycle import Endpoints, Status, endpoints, remove, start, status, stop

__all__ = [
    "EmbeddedError",
    "Endpoints",
    "Status",
    "data_folder",
    "endpoints",
    "known_folders",
    "remove",
    "start",
    "status",
    "stop",
]
