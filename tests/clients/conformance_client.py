#!/usr/bin/env python3
"""Stands for EdgeCoder before the client scenarios of @modelcontextprotocol/conformance: calls the tool of the scenario
at the address that is its last argument, with `edgecoder tools`.

The scenario is in $MCP_CONFORMANCE_SCENARIO, the program in $EDGECODER.
"""

import os
import pathlib
import subprocess
import sys
import tempfile

CALLS = {
    "initialize": ["list"],
    "tools_call": ["call", "it", "add_numbers", '{"a": 5, "b": 3}'],
    "elicitation-sep1034-client-defaults": ["call", "it", "test_client_elicitation_defaults", "--answer-defaults"],
    "sse-retry": ["call", "it", "test_reconnection"],
}


def main():
    with tempfile.TemporaryDirectory() as folder:
        config = pathlib.Path(folder, "config/edgecoder/config.toml")
        config.parent.mkdir(parents=True)
        config.write_text(f'[mcp.servers.it]\nurl = "{sys.argv[-1]}"\n')
        environment = {**os.environ, "XDG_CONFIG_HOME": f"{folder}/config", "EDGECODER_DATA_DIR": f"{folder}/data"}
        words = CALLS[os.environ["MCP_CONFORMANCE_SCENARIO"]]
        return subprocess.run([os.environ["EDGECODER"], "tools", *words], cwd=folder, env=environment, timeout=60).returncode


if __name__ == "__main__":
    sys.exit(main())
