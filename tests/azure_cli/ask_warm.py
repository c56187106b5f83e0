"""`az`, carried out by the warm process of `warm.py`: `python -IS ask_warm.py SOCKET ARGUMENT …`."""

import json
import os
import socket
import sys

assert sys.platform != "win32"

_, place, *arguments = sys.argv
request = {"arguments": arguments, "environment": dict(os.environ), "folder": os.getcwd()}  # noqa: PTH109 - pathlib costs half of the start
with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as warm:
    warm.connect(place)
    socket.send_fds(warm, [json.dumps(request).encode()], [0, 1, 2])
    answer = warm.recv(16)
    if not answer:
        sys.exit("The process that runs the Azure CLI has ended.")
    code = int(answer)
sys.exit(code if code >= 0 else 128 - code)
