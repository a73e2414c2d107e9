#!/usr/bin/env python3
"""Stands for EdgeCoder before the client scenarios of @modelcontextprotocol/conformance: calls the tool of the scenario
at the address that is its last argument, with `edgecoder tools`.

The scenario is in $MCP_CONFORMANCE_SCENARIO, the program in $EDGECODER. Where tokens are given is found out here, as the
person would who writes the entry: the program asks no server where to send a secret.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.request

CALLS = {
    "initialize": ["list"],
    "tools_call": ["call", "it", "add_numbers", '{"a": 5, "b": 3}'],
    "elicitation-sep1034-client-defaults": ["call", "it", "test_client_elicitation_defaults", "--answer-defaults"],
    "sse-retry": ["call", "it", "test_reconnection"],
    "auth/client-credentials-basic": ["call", "it", "test-tool"],
}


def document(url):
    with urllib.request.urlopen(url, timeout=10) as answer:
        return json.load(answer)


def account(folder, server):
    """The keys of an entry for a server that gives tokens to programs."""
    given = json.loads(os.environ.get("MCP_CONFORMANCE_CONTEXT", "{}"))
    if "client_secret" not in given:
        return ""
    parts = urllib.parse.urlsplit(server)
    resource = document(f"{parts.scheme}://{parts.netloc}/.well-known/oauth-protected-resource{parts.path}")
    tokens = document(resource["authorization_servers"][0] + "/.well-known/oauth-authorization-server")
    secret = pathlib.Path(folder, "secret")
    secret.touch(0o600)
    secret.write_text(given["client_secret"])
    keys = {"token_url": tokens["token_endpoint"], "client_id": given["client_id"], "client_secret_file": str(secret)}
    return "".join(f"{key} = {json.dumps(value)}\n" for key, value in keys.items())


def main():
    with tempfile.TemporaryDirectory() as folder:
        config = pathlib.Path(folder, "config/edgecoder/config.toml")
        config.parent.mkdir(parents=True)
        config.write_text(f'[mcp.servers.it]\nurl = "{sys.argv[-1]}"\n' + account(folder, sys.argv[-1]))
        environment = {**os.environ, "XDG_CONFIG_HOME": f"{folder}/config", "EDGECODER_DATA_DIR": f"{folder}/data"}
        words = CALLS[os.environ["MCP_CONFORMANCE_SCENARIO"]]
        return subprocess.run([os.environ["EDGECODER"], "tools", *words], cwd=folder, env=environment, timeout=60).returncode


if __name__ == "__main__":
    sys.exit(main())
