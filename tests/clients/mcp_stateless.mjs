// `edgecoder mcp` in revision 2026-07-28, which has no handshake and no sessions, as @modelcontextprotocol/client speaks
// it: over a pipe and over HTTP. Environment as for mcp_server.mjs.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";

const { EC_PROGRAM, EC_PROJECT, EC_TEST, EDGECODER_DATA_DIR } = process.env;
const REVISION = "2026-07-28";

async function serve(context) {
  const child = spawn(EC_PROGRAM, ["mcp", "--listen", "127.0.0.1:0", "--root", EC_PROJECT], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  context.after(async () => {
    child.kill("SIGTERM");
    await once(child, "exit");
  });
  const [ready] = await once(createInterface({ input: child.stdout }), "line");
  const token = readFileSync(`${EDGECODER_DATA_DIR}/secrets/mcp-token`, "utf8").trim();
  return { url: new URL(ready.split(" ")[2]), headers: { Authorization: `Bearer ${token}` } };
}

const overPipe = async () =>
  new StdioClientTransport({ command: EC_PROGRAM, args: ["mcp", "--root", EC_PROJECT], env: process.env });
const overHttp = async (context) => {
  const { url, headers } = await serve(context);
  return new StreamableHTTPClientTransport(url, { requestInit: { headers } });
};

async function connected(transport, mode) {
  const client = new Client({ name: "stateless-test", version: "1" }, { versionNegotiation: { mode } });
  await client.connect(transport);
  return client;
}

for (const [name, open] of [
  ["a pipe", overPipe],
  ["HTTP", overHttp],
]) {
  for (const mode of ["auto", { pin: REVISION }]) {
    test(`over ${name}, ${JSON.stringify(mode)} finds ${REVISION} and uses the tools`, async (context) => {
      const client = await connected(await open(context), mode);
      assert.equal(client.getNegotiatedProtocolVersion(), REVISION);
      assert.equal(client.getServerVersion().name, "edgecoder");
      const { tools } = await client.listTools();
      assert.equal(tools.length, 4);
      const ran = await client.callTool({ name: "run_in_sandbox", arguments: { command: "echo stateless" } });
      assert.equal(ran.structuredContent.stdout, "stateless\n");
      const wrong = await client.callTool({ name: "run_in_sandbox", arguments: {} });
      assert.ok(wrong.isError);
      await assert.rejects(client.callTool({ name: "nothing" }), /Unknown tool/);
      await client.close();
    });
  }

  test(`over ${name} progress comes before the result, and a call that is given up ends`, async (context) => {
    const client = await connected(await open(context), "auto");
    const progress = [];
    const fixed = await client.callTool(
      { name: "fix_failing_tests", arguments: { test_command: EC_TEST, budget_s: 60 } },
      { onprogress: (each) => progress.push(each), timeout: 120_000 },
    );
    assert.equal(fixed.structuredContent.status, "fixed", fixed.content[0].text);
    assert.ok(progress.length > 0);
    const stop = new AbortController();
    const call = client.callTool(
      { name: "run_in_sandbox", arguments: { command: "sleep 300", timeout_s: 400 } },
      { signal: stop.signal, timeout: 400_000 },
    );
    stop.abort("enough");
    await assert.rejects(call);
    const next = await client.callTool({ name: "run_in_sandbox", arguments: { command: "echo again" } });
    assert.equal(next.structuredContent.stdout, "again\n");
    await client.close();
  });

  test(`over ${name} a client that knows only the handshake is served as before`, async (context) => {
    const client = await connected(await open(context), "legacy");
    assert.equal(client.getNegotiatedProtocolVersion(), "2025-11-25");
    assert.equal((await client.listTools()).tools.length, 4);
    await client.close();
  });
}

test("what a request says of itself wrongly is refused as the revision has it", async (context) => {
  const { url, headers } = await serve(context);
  const meta = (version = REVISION) => ({
    "io.modelcontextprotocol/protocolVersion": version,
    "io.modelcontextprotocol/clientCapabilities": {},
  });
  const call = { name: "search_code", arguments: { query: "fee" } };
  for (const [method, params, more, status, code] of [
    ["tools/list", { _meta: meta() }, {}, 200, undefined],
    ["server/discover", { _meta: meta() }, {}, 200, undefined],
    ["tools/list", { _meta: meta("1900-01-01") }, { "MCP-Protocol-Version": "1900-01-01" }, 400, -32022],
    ["tools/list", {}, {}, 400, -32602],
    ["tools/list", { _meta: { "io.modelcontextprotocol/protocolVersion": REVISION } }, {}, 400, -32602],
    ["tools/list", { _meta: meta() }, { "MCP-Protocol-Version": "2025-11-25" }, 400, -32020],
    ["tools/list", { _meta: meta() }, { "Mcp-Method": "tools/call" }, 400, -32020],
    ["tools/call", { ...call, _meta: meta() }, {}, 400, -32020],
    ["tools/call", { ...call, _meta: meta() }, { "Mcp-Name": "run_in_sandbox" }, 400, -32020],
    ["tools/call", { ...call, _meta: meta() }, { "Mcp-Name": "search_code" }, 200, undefined],
    ["tools/call", { ...call, _meta: meta() }, { "Mcp-Name": `=?base64?${btoa("search_code")}?=` }, 200, undefined],
    ["tools/call", { ...call, _meta: meta() }, { "Mcp-Name": "=?base64?!?=" }, 400, -32020],
    ["ping", { _meta: meta() }, {}, 404, -32601],
    ["logging/setLevel", { _meta: meta(), level: "debug" }, {}, 404, -32601],
  ]) {
    const response = await fetch(url, {
      method: "POST",
      headers: {
        ...headers,
        "Content-Type": "application/json",
        Accept: "application/json, text/event-stream",
        "MCP-Protocol-Version": REVISION,
        "Mcp-Method": method,
        ...more,
      },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
    });
    const answer = await response.json();
    const words = `${method} ${JSON.stringify(params)} ${JSON.stringify(more)}: ${JSON.stringify(answer)}`;
    assert.equal(response.status, status, words);
    assert.equal(answer.error?.code, code, words);
    assert.equal(response.headers.get("mcp-session-id"), null, words);
    if (code === undefined) assert.equal(answer.result.resultType, "complete", words);
  }
});
