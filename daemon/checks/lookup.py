"""Child process that looks up a host: `python -m daemon.checks.lookup HOST PORT`.

Looking up a name can hang for as long as it likes, and only a process can be killed. Prints one
address a line; exit code 1 with the reason on the standard output if there is none.
"""

import socket
import sys

EXIT_UNKNOWN = 1


def main() -> int:
    """Look up; returns the exit code."""
    host, port = sys.argv[1], int(sys.argv[2])
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        print(getattr(error, "strerror", None) or error)
        return EXIT_UNKNOWN
    for address in dict.fromkeys(str(entry[4][0]) for entry in found):
        print(address)
    return 0


if __name__ == "__main__":
    sys.exit(main())
