// The official client against `edgecoderd ide`, with a model behind it that does what the last message says.
// Environment: BASE (http://…/v1), TOKEN, MODEL, EMBEDS (an embedding model; empty: there is none).
import assert from "node:assert/strict";
import { test } from "node:test";
import OpenAI from "openai";
import { zodResponseFormat, zodTextFormat } from "openai/helpers/zod";
import { z } from "zod";

const { BASE, TOKEN, MODEL, EMBEDS } = process.env;
const client = new OpenAI({ baseURL: BASE, apiKey: TOKEN, maxRetries: 0, timeout: 20_000 });
const user = (content) => [{ role: "user", content }];

test("lists the models, and the agent among them", async () => {
    const ids = [];
    for await (const model of await client.models.list()) ids.push(model.id);
    assert.ok(ids.includes("edgecoder-agent") && ids.includes(MODEL), ids.join());
    assert.equal((await client.models.retrieve(MODEL)).object, "model");
});

test("chats, and counts", async () => {
    const answer = await client.chat.completions.create({ model: MODEL, messages: user("say: good morning"), max_tokens: 20 });
    assert.equal(answer.choices[0].message.content, "good morning");
    assert.equal(answer.choices[0].finish_reason, "stop");
    assert.equal(answer.usage.total_tokens, 16);
});

test("streams piece by piece, usage last", async () => {
    const stream = await client.chat.completions.create({
        model: MODEL, messages: user("say: one two three"), stream: true, stream_options: { include_usage: true } });
    const pieces = [];
    let usage;
    for await (const chunk of stream) {
        if (chunk.choices[0]?.delta.content) pieces.push(chunk.choices[0].delta.content);
        usage = chunk.usage ?? usage;
    }
    assert.deepEqual(pieces, ["one ", "two ", "three"]);
    assert.equal(usage.completion_tokens, 5);
});

test("gives what a model thought apart from what it says", async () => {
    const stream = client.chat.completions.stream({ model: MODEL, messages: user("think: hm | well") });
    let thought = "";
    for await (const chunk of stream) thought += chunk.choices[0]?.delta.reasoning_content ?? "";
    assert.equal(thought, "hm");
    assert.equal(await stream.finalContent(), "well");
});

const weather = (name) => ({ name, description: "the weather", parameters: {
    type: "object", properties: { city: { type: "string" } }, required: ["city"], additionalProperties: false } });

test("has a tool called and its result read, in chat", async () => {
    const runner = client.chat.completions.runTools({ model: MODEL, stream: true,
        messages: user('call: weather {"city":"Ulm"}'),
        tools: [{ type: "function", function: { ...weather("weather"), parse: JSON.parse,
            function: ({ city }) => `rain in ${city}` } }] });
    assert.equal(await runner.finalContent(), "got rain in Ulm");
});

test("has a tool called and its result read, in responses", async () => {
    const tools = [{ type: "function", strict: true, ...weather("weather") }, { type: "web_search" },
        { type: "custom", name: "apply_patch", format: { type: "text" } }, { type: "namespace", name: "mcp", tools: [] }];
    const input = [{ role: "user", content: 'call: weather {"city":"Ulm"}' }];
    const stream = client.responses.stream({ model: MODEL, input, tools });
    const types = [];
    stream.on("event", (event) => types.push(event.type));
    const first = await stream.finalResponse();
    const [call] = first.output;
    assert.deepEqual([call.type, call.name, JSON.parse(call.arguments)], ["function_call", "weather", { city: "Ulm" }]);
    assert.ok(types.indexOf("response.function_call_arguments.done") < types.indexOf("response.output_item.done"));
    assert.deepEqual(first.tools.map((tool) => tool.type), ["function"]);
    const second = await client.responses.create({ model: MODEL, tools, input: [...input, call,
        { type: "function_call_output", call_id: call.call_id, output: "rain" }] });
    assert.equal(second.output_text, "got rain");
});

test("answers in a form that zod describes", async () => {
    const Point = z.object({ x: z.number(), y: z.number() });
    const chat = await client.chat.completions.parse({
        model: MODEL, messages: user('json: {"x":1,"y":2}'), response_format: zodResponseFormat(Point, "point") });
    assert.deepEqual(chat.choices[0].message.parsed, { x: 1, y: 2 });
    const response = await client.responses.parse({
        model: MODEL, input: 'json: {"x":3,"y":4}', text: { format: zodTextFormat(Point, "point") } });
    assert.deepEqual(response.output_parsed, { x: 3, y: 4 });
});

test("streams responses in the order that the client checks", async () => {
    const stream = client.responses.stream({ model: MODEL, instructions: "be kind", input: "think: hm | well then" });
    const types = [];
    const numbers = [];
    for await (const event of stream) {
        types.push(event.type);
        numbers.push(event.sequence_number);
    }
    const final = await stream.finalResponse();
    assert.equal(final.output_text, "well then");
    assert.deepEqual(final.output.map((item) => item.type), ["reasoning", "message"]);
    assert.equal(final.store, false);
    assert.deepEqual(numbers, numbers.map((_, index) => index));
    assert.deepEqual(types, ["response.created", "response.in_progress", "response.output_item.added",
        "response.reasoning_summary_part.added", "response.reasoning_summary_text.delta",
        "response.reasoning_summary_text.done", "response.reasoning_summary_part.done", "response.output_item.done",
        "response.output_item.added", "response.content_part.added", "response.output_text.delta",
        "response.output_text.done", "response.content_part.done", "response.output_item.done", "response.completed"]);
});

test("goes on with a text, and fills a gap", async () => {
    const filled = await client.completions.create({ model: MODEL, prompt: "def f(a):\n    ", suffix: "\n", max_tokens: 30 });
    assert.equal(filled.choices[0].text, "filled");
});

test("turns texts into vectors, asked for in base64 and as numbers", { skip: !EMBEDS }, async () => {
    const one = await client.embeddings.create({ model: EMBEDS, input: ["a", "b"] });
    const two = await client.embeddings.create({ model: EMBEDS, input: ["a", "b"], encoding_format: "float" });
    assert.equal(one.data.length, 2);
    assert.deepEqual(one.data[0].embedding, two.data[0].embedding.map(Math.fround));
});

test("says which error it is", async () => {
    const ask = { model: MODEL, messages: user("say: hi") };
    const stranger = new OpenAI({ baseURL: BASE, apiKey: "wrong", maxRetries: 0 });
    await assert.rejects(stranger.chat.completions.create(ask), OpenAI.AuthenticationError);
    await assert.rejects(client.chat.completions.create({ ...ask, model: "scriptet" }),
        (error) => error instanceof OpenAI.NotFoundError && error.code === "model_not_found" && /scripted/.test(error.message));
    await assert.rejects(client.chat.completions.create({ ...ask, n: 2 }),
        (error) => error instanceof OpenAI.BadRequestError && error.param === "n");
    await assert.rejects(client.responses.create({ model: MODEL, input: "hi", previous_response_id: "resp_1" }),
        (error) => error.code === "previous_response_not_found");
    await assert.rejects(client.embeddings.create({ model: MODEL, input: [1, 2] }), OpenAI.BadRequestError);
});

test("frees the model when a stream is left", async () => {
    const stream = await client.chat.completions.create({ model: MODEL, messages: user("hang: wait"), stream: true });
    for await (const chunk of stream) {
        if (chunk.choices[0]?.delta.content) break;  // leaving the loop closes the connection
    }
    const left = performance.now();
    const answer = await client.chat.completions.create({ model: MODEL, messages: user("say: next") });
    assert.equal(answer.choices[0].message.content, "next");
    console.log(`# the next answer came ${Math.round(performance.now() - left)} ms after the stream was left`);
});
