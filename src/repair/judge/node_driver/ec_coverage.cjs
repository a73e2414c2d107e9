// Line coverage from V8's precise block counters, per phase: every take() tells what ran since the one before.
'use strict';

const inspector = require('node:inspector');
const { fileURLToPath } = require('node:url');

class Coverage {
  /// `textOf(file)`: the text the file was compiled from; `headOf(file)`: characters the loader put before it.
  constructor(sources, textOf, headOf) {
    Object.assign(this, { sources, textOf, headOf });
    this.session = new inspector.Session();
    this.functions = new Map();
    this.lineCache = new Map();
  }

  post(method, params) {
    let answer;
    this.session.post(method, params, (error, result) => {
      if (error) throw new Error(error.message);
      answer = result;
    });
    return answer;
  }

  start() {
    this.session.connect();
    this.post('Profiler.enable');
    this.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  }

  stop() {
    this.post('Profiler.stopPreciseCoverage');
    this.post('Profiler.disable');
    this.session.disconnect();
  }

  /// {relative file: sorted line numbers} of what ran since the last take.
  take() {
    const lines = {};
    for (const script of this.post('Profiler.takePreciseCoverage').result) {
      const file = script.url.startsWith('file:') ? fileURLToPath(script.url) : script.url;
      if (!file.startsWith('/')) continue;
      const relative = this.sources.projectPath(file);
      if (relative === null || !script.functions.some(({ ranges }) => ranges.some(({ count }) => count > 0))) continue;
      const head = this.headOf(file);
      this.noteFunctions(file, script, head);
      const hit = executedLines(this.linesOf(file), script.functions, head);
      if (hit.length) lines[relative] = lines[relative] ? [...new Set([...lines[relative], ...hit])].sort((a, b) => a - b) : hit;
    }
    return lines;
  }

  linesOf(file) {
    if (!this.lineCache.has(file)) this.lineCache.set(file, lineSpans(this.textOf(file)));
    return this.lineCache.get(file);
  }

  noteFunctions(file, script, head) {
    const known = this.functions.get(file) || new Map();
    for (const [index, { functionName, ranges }] of script.functions.entries()) {
      const begin = ranges[0].startOffset - head;
      // The first one is the module itself.
      if (index > 0 && begin >= 0) known.set(`${begin}:${ranges[0].endOffset}`, { name: functionName, begin, end: ranges[0].endOffset - head });
    }
    this.functions.set(file, known);
  }
}

/// The part of each line that can count as executed: from its first to its last character that is neither space nor a
/// closing brace; lines of comments and braces have none.
function lineSpans(text) {
  const spans = [];
  let offset = 0;
  let inComment = false;
  for (const line of text.split('\n')) {
    let code = line;
    let lead = 0;
    if (inComment) {
      const end = line.indexOf('*/');
      lead = end < 0 ? line.length : end + 2;
      if (end >= 0) inComment = false;
      code = line.slice(lead);
    }
    if (/^\s*\/\*/.test(code)) {
      const end = code.indexOf('*/');
      if (end < 0) inComment = true;
      lead = end < 0 ? line.length : lead + end + 2;
      code = line.slice(lead);
    }
    code = code.replace(/^\s*\/\/.*$/, '');
    const first = code.search(/[^\s{}()[\];,]/);
    spans.push(first < 0 ? null : { begin: offset + lead + first, end: offset + lead + code.trimEnd().length });
    offset += line.length + 1;
  }
  return spans;
}

function executedLines(spans, functions, head) {
  const segments = flatten(functions, head);
  const hit = [];
  let at = 0;
  for (let line = 0; line < spans.length; line++) {
    const span = spans[line];
    if (!span) continue;
    while (at + 1 < segments.length && segments[at + 1].begin <= span.begin) at++;
    const within = segments.length > 0 && segments[at].begin <= span.begin;
    let ran = within && segments[at].count > 0;
    for (let next = within ? at + 1 : at; !ran && next < segments.length && segments[next].begin < span.end; next++) {
      ran = segments[next].begin > span.begin && segments[next].count > 0;
    }
    if (ran) hit.push(line + 1);
  }
  return hit;
}

/// Nested ranges as consecutive segments; an inner range decides for its part.
function flatten(functions, head) {
  const ranges = functions.flatMap((entry) => entry.ranges.map((range) => ({ begin: range.startOffset - head, end: range.endOffset - head, count: range.count })));
  ranges.sort((a, b) => a.begin - b.begin || b.end - a.end);
  const segments = [];
  const open = [];
  const closeUntil = (position) => {
    while (open.length && open.at(-1).end <= position) {
      const { end } = open.pop();
      segments.push({ begin: end, count: open.length ? open.at(-1).count : 0 });
    }
  };
  for (const range of ranges) {
    closeUntil(range.begin);
    segments.push({ begin: range.begin, count: range.count });
    open.push(range);
  }
  closeUntil(Infinity);
  return segments;
}

module.exports = { Coverage, lineSpans, executedLines };
