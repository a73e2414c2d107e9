// `edgecoder mcp` as @modelcontextprotocol/sdk sees it: over a pipe, over Streamable HTTP with the person's token, and
// with OAuth, whose page this script fills in as a person would.
//   EC_PROGRAM  the edgecoder program     EC_PROJECT  a project whose tests (EC_TEST) fail and can be fixed
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { UnauthorizedError } from "@modelcontextprotocol/sdk/client/auth.js";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

const { EC_PROGRAM, EC_PROJECT, EC_TEST, EDGECODER_DATA_DIR } = process.env;
const TOOLS = ["fix_failing_tests", "review_queue", "run_in_sandbox", "search_code"];

function newClient() {
  return new Client({ name: "mcp-server-test", version: "1.0.0" });
}

function overPipe() {
  return new StdioClientTransport({
    command: EC_PROGRAM,
    args: ["mcp", "--root", EC_PROJECT],
    env: process.env,
    stderr: "inherit",
  });
}

async function serve(context, ...more) {
  const child = spawn(EC_PROGRAM, ["mcp", "--listen", "127.0.0.1:0", "--root", EC_PROJECT, ...more], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  context.after(async () => {
    if (child.exitCode !== null) return;
    child.kill("SIGTERM");
    await once(child, "exit");
  });
  const said = [];
  const waiting = [];
  createInterface({ input: child.stderr }).on("line", (line) => {
    said.push(line);
    for (const resolve of waiting.splice(0)) resolve();
  });
  const [ready] = await once(createInterface({ input: child.stdout }), "line");
  const url = new URL(ready.match(/^ready mcp (http:\S+\/mcp)$/)[1]);
  const token = readFileSync(`${EDGECODER_DATA_DIR}/secrets/mcp-token`, "utf8").trim();
  const heard = async (pattern) => {
    for (;;) {
      const found = said.map((line) => line.match(pattern)).find((match) => match);
      if (found) return found;
      await new Promise((resolve) => waiting.push(resolve));
    }
  };
  return { child, url, token, heard };
}

function withToken({ url, token }) {
  return new StreamableHTTPClientTransport(url, { requestInit: { headers: { Authorization: `Bearer ${token}` } } });
}

async function useEveryTool(client) {
  assert.equal(client.getServerVersion().name, "edgecoder");
  const { tools } = await client.listTools();
  assert.deepEqual(tools.map((tool) => tool.name).sort(), TOOLS);
  for (const tool of tools) assert.equal(tool.annotations.openWorldHint, false, tool.name);

  const ran = await client.callTool({
    name: "run_in_sandbox",
    arguments: { code: "print(6 * 7); open('made', 'w')", language: "python" },
  });
  assert.equal(ran.structuredContent.status, "ok");
  assert.equal(ran.structuredContent.stdout, "42\n");
  assert.deepEqual(ran.structuredContent.changes, ["made"]);
  assert.deepEqual(JSON.parse(ran.content[0].text), ran.structuredContent);
  const failed = await client.callTool({ name: "run_in_sandbox", arguments: { command: "exit 3" } });
  assert.equal(failed.structuredContent.exit_code, 3);
  assert.ok(!failed.isError);

  const found = await client.callTool({ name: "search_code", arguments: { query: "overdue fee" } });
  assert.match(found.content[0].text, /\.py lines \d+-\d+:/);

  const queued = await client.callTool({
    name: "review_queue",
    arguments: { action: "queue", task: "Is the fee right?" },
  });
  assert.equal(queued.structuredContent.reviews[0].state, "queued");
  const { id } = queued.structuredContent.reviews[0];
  const shown = await client.callTool({ name: "review_queue", arguments: { action: "show", id } });
  assert.match(shown.structuredContent.reviews[0].package, /Is the fee right\?/);
  const listed = await client.callTool({ name: "review_queue", arguments: { action: "list" } });
  assert.ok(listed.structuredContent.reviews.some((review) => review.id === id));
}

test("over a pipe every tool gives what its schema says", async () => {
  const client = newClient();
  await client.connect(overPipe());
  await useEveryTool(client);
  await client.ping();
  await client.setLoggingLevel("info");
  await client.close();
});

test("over HTTP with the person's token every tool gives what its schema says", async (context) => {
  const server = await serve(context);
  const client = newClient();
  const transport = withToken(server);
  await client.connect(transport);
  await useEveryTool(client);
  await client.ping();
  await transport.terminateSession();
  await client.close();
});

for (const [name, connect] of [
  ["a pipe", async () => overPipe()],
  ["HTTP", async (context) => withToken(await serve(context))],
]) {
  test(`over ${name} a fix tells its progress and gives a patch that is proved, and writes nothing`, async (context) => {
    const client = newClient();
    await client.connect(await connect(context));
    const before = readFileSync(`${EC_PROJECT}/lending/fees.py`, "utf8");
    const progress = [];
    const fixed = await client.callTool(
      { name: "fix_failing_tests", arguments: { test_command: EC_TEST, budget_s: 60 } },
      undefined,
      { onprogress: (each) => progress.push(each), timeout: 120_000 },
    );
    assert.equal(fixed.structuredContent.status, "fixed", fixed.content[0].text);
    assert.match(fixed.structuredContent.patch, /^--- a\//m);
    assert.ok(fixed.structuredContent.tests.before.failed > 0);
    assert.equal(fixed.structuredContent.tests.after.failed, 0);
    assert.equal(fixed.structuredContent.applied, false);
    assert.ok(progress.length > 0 && progress.every((each) => each.message.length > 0 && each.total === 60));
    assert.equal(readFileSync(`${EC_PROJECT}/lending/fees.py`, "utf8"), before);
    await client.close();
  });

  test(`over ${name} a call that is cancelled ends at once`, async (context) => {
    const client = newClient();
    await client.connect(await connect(context));
    const stop = new AbortController();
    const call = client.callTool(
      { name: "run_in_sandbox", arguments: { command: "echo begun; sleep 300", timeout_s: 400 } },
      undefined,
      { signal: stop.signal, timeout: 400_000 },
    );
    stop.abort("enough");
    await assert.rejects(call);
    // The sandbox is free again, and the conversation goes on.
    const next = await client.callTool({ name: "run_in_sandbox", arguments: { command: "echo again" } });
    assert.equal(next.structuredContent.stdout, "again\n");
    await client.close();
  });

  test(`over ${name} wrong arguments are errors that a model can act on`, async (context) => {
    const client = newClient();
    await client.connect(await connect(context));
    for (const [tool, given, words] of [
      ["run_in_sandbox", {}, /either command or code/],
      ["run_in_sandbox", { command: "x", code: "y", language: "python" }, /either command or code/],
      ["run_in_sandbox", { code: "x" }, /needs its language/],
      ["run_in_sandbox", { command: "x", language: "ruby" }, /python, javascript/],
      ["run_in_sandbox", { command: "x", directory: "../.." }, /below the project/],
      ["run_in_sandbox", { command: "x", directory: "/etc" }, /below the project/],
      ["run_in_sandbox", { command: "x", root: "/etc" }, /none of the projects/],
      ["run_in_sandbox", { command: "x", timeout_s: -1 }, /timeout_s must be/],
      ["run_in_sandbox", { command: "x", memory_mb: 4097 }, /memory_mb must be/],
      ["run_in_sandbox", { cmd: "x" }, /there is no argument cmd/],
      ["fix_failing_tests", {}, /test_command is missing/],
      ["fix_failing_tests", { test_command: "x", apply: true }, /--allow-apply/],
      ["fix_failing_tests", { test_command: "x", model: "http://evil.example/v1#m" }, /model must be/],
      ["fix_failing_tests", { test_command: "x", model: "/tmp/x.gguf" }, /model must be/],
      ["search_code", { query: " " }, /query is missing/],
      ["review_queue", { action: "send", id: 1 }, /list, show, queue/],
      ["review_queue", { action: "show", id: 424242 }, /no review 424242 here/],
    ]) {
      const result = await client.callTool({ name: tool, arguments: given });
      assert.ok(result.isError, `${tool} ${JSON.stringify(given)}`);
      assert.match(result.content[0].text, words);
    }
    await assert.rejects(client.callTool({ name: "send_everything" }), /Unknown tool/);
    await client.close();
  });
}

/// Keeps what an OAuth client of the SDK keeps, and shows where it wants to send the person.
function oauthProvider(scope) {
  const kept = {};
  return {
    kept,
    get redirectUrl() {
      return "http://127.0.0.1:9/callback";
    },
    get clientMetadata() {
      return { client_name: 'The <test> "client"', redirect_uris: [this.redirectUrl], scope };
    },
    state: () => "the state",
    clientInformation: () => kept.client,
    saveClientInformation: (client) => void (kept.client = client),
    tokens: () => kept.tokens,
    saveTokens: (tokens) => void (kept.tokens = tokens),
    redirectToAuthorization: (url) => void (kept.page = url),
    saveCodeVerifier: (verifier) => void (kept.verifier = verifier),
    codeVerifier: () => kept.verifier,
    invalidateCredentials: () => {},
  };
}

/// What the person does in the browser: reads the page, types the code from the terminal, and is sent on.
async function letIn(server, page) {
  const response = await fetch(page);
  assert.equal(response.status, 200);
  assert.match(response.headers.get("content-security-policy"), /default-src 'none'.*frame-ancestors 'none'/);
  const html = await response.text();
  assert.match(html, /The &lt;test&gt; &quot;client&quot;/);
  const request = html.match(/name="request" value="([0-9a-f]+)"/)[1];
  const [, code] = await server.heard(/type this code on its page: (\S+)/);
  const answer = await fetch(new URL("/authorize", server.url), {
    method: "POST",
    redirect: "manual",
    headers: { Origin: server.url.origin, "Sec-Fetch-Site": "same-origin" },
    body: new URLSearchParams({ request, code, decision: "allow" }),
  });
  assert.equal(answer.status, 303);
  const back = new URL(answer.headers.get("location"));
  assert.equal(back.origin + back.pathname, "http://127.0.0.1:9/callback");
  assert.equal(back.searchParams.get("state"), "the state");
  assert.equal(back.searchParams.get("iss"), server.url.origin);
  return back.searchParams.get("code");
}

test("a client of the SDK finds its way in with OAuth, and comes back with its refresh token", async (context) => {
  const server = await serve(context);
  const authProvider = oauthProvider();
  const first = new StreamableHTTPClientTransport(server.url, { authProvider });
  await assert.rejects(newClient().connect(first), UnauthorizedError);
  assert.equal(authProvider.kept.page.searchParams.get("resource"), server.url.href);
  assert.equal(authProvider.kept.page.searchParams.get("scope"), "mcp:read mcp:run");
  await first.finishAuth(await letIn(server, authProvider.kept.page));
  assert.equal(authProvider.kept.tokens.scope, "mcp:read mcp:run");

  const client = newClient();
  await client.connect(new StreamableHTTPClientTransport(server.url, { authProvider }));
  await useEveryTool(client);
  const before = authProvider.kept.tokens;
  authProvider.kept.tokens = { ...before, access_token: "an old one" };
  await client.ping();
  assert.notEqual(authProvider.kept.tokens.refresh_token, before.refresh_token);
  await client.close();
});

test("a client gets no further than its scopes, and is told which one it lacks", async (context) => {
  const server = await serve(context, "--allow-apply");
  const authProvider = oauthProvider("mcp:read");
  const first = new StreamableHTTPClientTransport(server.url, { authProvider });
  await assert.rejects(newClient().connect(first), UnauthorizedError);
  authProvider.kept.page.searchParams.set("scope", "mcp:read");
  await first.finishAuth(await letIn(server, authProvider.kept.page));
  const client = newClient();
  await client.connect(new StreamableHTTPClientTransport(server.url, { authProvider }));
  await client.callTool({ name: "search_code", arguments: { query: "fee" } });
  await client.callTool({ name: "review_queue", arguments: { action: "list" } });
  // With a refresh token the SDK would come back with what it has, and try no page.
  delete authProvider.kept.tokens.refresh_token;
  await assert.rejects(client.callTool({ name: "run_in_sandbox", arguments: { command: "true" } }));
  assert.match(authProvider.kept.page.searchParams.get("scope"), /mcp:run/);
  await client.close();
});

test("with --allow-apply a fix is written when the client says so", async () => {
  const client = newClient();
  const transport = new StdioClientTransport({
    command: EC_PROGRAM,
    args: ["mcp", "--root", EC_PROJECT, "--allow-apply"],
    env: process.env,
  });
  await client.connect(transport);
  const fixed = await client.callTool(
    { name: "fix_failing_tests", arguments: { test_command: EC_TEST, budget_s: 60, apply: true } },
    undefined,
    { timeout: 120_000 },
  );
  assert.equal(fixed.structuredContent.status, "fixed", fixed.content[0].text);
  assert.equal(fixed.structuredContent.applied, true);
  const again = await client.callTool({ name: "fix_failing_tests", arguments: { test_command: EC_TEST } });
  assert.equal(again.structuredContent.status, "already_passing");
  await client.close();
});
