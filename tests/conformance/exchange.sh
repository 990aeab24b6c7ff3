#!/bin/sh
# exchange.sh: weights that nnc writes, loaded into PyTorch's modules (exchange.py). Skipped if
# PyTorch is not installed.
command -v python3 >/dev/null 2>&1 || { echo "1..0 # SKIP needs python3"; exit 0; }
exec python3 -B "$(dirname "$0")/exchange.py"
