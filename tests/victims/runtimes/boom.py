# Reads a null pointer under a few Python calls; another thread sleeps.
import ctypes
import threading
import time


class Shop:
    def price(self, item):
        return ctypes.string_at(
            item)

    def total(self, depth):
        return self.total(depth - 1) if depth else (lambda item: self.price(item))(0x10)


def wait_for_ever():
    while True:
        time.sleep(0.05)


thread = threading.Thread(target=wait_for_ever, daemon=True)
thread.start()
time.sleep(0.1)
Shop().total(2)
