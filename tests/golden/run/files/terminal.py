"""Runs a command on a terminal and prints what is on its screen in the end, line by line."""
import os, pty, sys
pid, fd = pty.fork()
if not pid:
    os.environ["TERM"] = "xterm"
    os.execvp(sys.argv[1], sys.argv[1:])
text = b""
try:
    while more := os.read(fd, 4096):
        text += more
except OSError:
    pass
for line in text.decode().split("\n"):
    screen = []
    for part in line.split("\r"):
        screen[:len(part)] = part
    print("".join(screen).rstrip())
