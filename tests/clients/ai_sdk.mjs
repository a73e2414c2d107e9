// Vercel's AI SDK with its OpenAI-compatible provider against `edgecoderd ide`. Environment: BASE, TOKEN, MODEL.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { generateObject, generateText, stepCountIs, streamText, tool } from "ai";
import { z } from "zod";

const { BASE, TOKEN, MODEL } = process.env;
const provider = createOpenAICompatible({ name: "edgecoder", baseURL: BASE, apiKey: TOKEN, includeUsage: true,
    supportsStructuredOutputs: true });
const model = provider(MODEL);

test("generates a text", async () => {
    const { text, usage, finishReason } = await generateText({ model, prompt: "say: good morning", maxRetries: 0 });
    assert.deepEqual([text, finishReason, usage.outputTokens], ["good morning", "stop", 5]);
});

test("streams a text", async () => {
    const { textStream, usage } = streamText({ model, prompt: "say: one two three", maxRetries: 0 });
    const pieces = [];
    for await (const piece of textStream) pieces.push(piece);
    assert.equal(pieces.join(""), "one two three");
    assert.equal((await usage).inputTokens, 11);
});

test("calls a tool and goes on with its result", async () => {
    const weather = tool({ description: "the weather", inputSchema: z.object({ city: z.string() }),
        execute: async ({ city }) => `rain in ${city}` });
    const { text, steps } = await generateText({ model, prompt: 'call: weather {"city":"Ulm"}', tools: { weather },
        stopWhen: stepCountIs(3), maxRetries: 0 });
    assert.equal(steps.length, 2);
    assert.match(text, /^got .*rain in Ulm/);
});

test("generates an object", async () => {
    const { object } = await generateObject({ model, schema: z.object({ x: z.number() }), prompt: 'json: {"x":1}', maxRetries: 0 });
    assert.deepEqual(object, { x: 1 });
});
