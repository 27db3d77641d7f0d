"""A TCP connection that can be held up: what lies between two processes that are both well."""

import socket
import threading

POLL_SECONDS = 0.05


class Link:
    """Listens for clients of `target` ("host:port") and carries bytes both ways, but while it is held."""

    def __init__(self, target):
        host, port = target.rsplit(":", 1)
        self.target = (host, int(port))
        self._flows = threading.Event()
        self._flows.set()
        self._ended = False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def hold(self):
        """Nothing passes any more, and nothing is lost."""
        self._flows.clear()

    def release(self):
        self._flows.set()

    def close(self):
        self._ended = True
        self._flows.set()
        self._listener.close()

    def _accept(self):
        while not self._ended:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(self.target, timeout=5)
            except OSError:
                client.close()
                continue
            for one, other in ((client, server), (server, client)):
                one.settimeout(POLL_SECONDS)
                threading.Thread(target=self._carry, args=(one, other), daemon=True).start()

    def _carry(self, one, other):
        try:
            while not self._ended:
                self._flows.wait()
                try:
                    data = one.recv(1 << 16)
                except TimeoutError:
                    continue
                self._flows.wait()
                if not data:
                    break
                other.sendall(data)
        except OSError:
            pass
        for end in (one, other):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
