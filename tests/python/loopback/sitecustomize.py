"""Python reads this before any program when its directory is on PYTHONPATH.

A server under test that would listen on every interface listens on loopback alone, and what it would
keep at one fixed place in /tmp, where runs would meet, is not kept.
"""

import builtins
import os
import socket

_bind = socket.socket.bind
_open = builtins.open


def bind(self, address):
    if self.family == socket.AF_INET6 and address[0] in ("::", ""):
        # A socket for both families: this is IPv4's loopback.
        address = ("::ffff:127.0.0.1", *address[1:])
    elif self.family == socket.AF_INET and address[0] in ("0.0.0.0", ""):
        address = ("127.0.0.1", *address[1:])
    return _bind(self, address)


def open(file, *args, **kwargs):
    return _open(os.devnull if file == "/tmp/localstripe.pickle" else file, *args, **kwargs)


socket.socket.bind = bind
builtins.open = open
