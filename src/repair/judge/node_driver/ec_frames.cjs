// What an error tells: its first line, its text, and the frames that lie in the project; literals of a test's source.
'use strict';

const { fileURLToPath } = require('node:url');

function firstLine(error) {
  if (error === null || (typeof error !== 'object' && typeof error !== 'function')) return `Uncaught ${String(error)}`;
  let text;
  try {
    const name = error.name || (error.constructor && error.constructor.name) || 'Error';
    text = error.message === undefined ? String(error) : `${name}: ${error.message}`;
  } catch {
    text = 'an error that cannot be printed';
  }
  const lines = String(text).split('\n').map((line) => line.trim()).filter(Boolean);
  // "Expected values to be strictly equal:" alone tells nothing.
  const line = lines.length > 1 && lines[0].endsWith(':') ? `${lines[0]} ${lines[1]}` : lines[0] || '';
  return line.slice(0, 500);
}

function details(error) {
  let text;
  try {
    text = error && error.stack ? String(error.stack) : String(error);
  } catch {
    text = 'an error that cannot be printed';
  }
  return text.split('\n').filter((line) => !/\/ec_\w+\.cjs|node_driver\.cjs|node:internal|ec:entry|at (?:new )?Promise \(<anonymous>\)/.test(line)).join('\n').slice(0, 20000);
}

/// Project frames of an error and its causes, outermost first.
function frames(error, projectPath) {
  const out = [];
  let text = '';
  try {
    for (let at = error, depth = 0; at && depth < 4; at = at.cause, depth++) text = `${at.stack || ''}\n${text}`;
  } catch {
    return out;
  }
  for (const line of text.split('\n')) {
    // A syntax error names its place on a line of its own, before the first "at".
    const syntax = /^((?:file:\/\/)?\/[^:]*):(\d+)$/.exec(line);
    const match = syntax ? [line, '', syntax[1], syntax[2]] : /^\s+at (?:(.*?) \()?((?:file:\/\/)?\/.*?):(\d+):\d+\)?$/.exec(line);
    if (!match) continue;
    const file = match[2].startsWith('file:') ? fileURLToPath(match[2]) : match[2];
    const relative = projectPath(file);
    if (relative !== null) out.unshift({ file: relative, line: Number(match[3]), function: (match[1] || '').replace(/^(async|new) /, '') });
  }
  return out;
}

const LITERAL = /\/\/[^\n]*|\/\*[\s\S]*?\*\/|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\$]|\\.)*`|\[(?:\s*-?[\w.'"]+\s*,?)*\s*\]|(?<![\w$.])-?(?:0[xob][\da-f]+|\d+\.?\d*(?:e[+-]?\d+)?)n?(?![\w$])|(?<![\w$.])(?:true|false|null|undefined|Infinity|NaN)(?![\w$])/gi;

/// Literals in the source texts of the failing tests, most frequent first.
function literals(texts) {
  const counts = new Map();
  for (const text of texts) {
    for (const [match] of text.matchAll(LITERAL)) {
      if (match.startsWith('//') || match.startsWith('/*') || match.length > 60) continue;
      counts.set(match, (counts.get(match) || 0) + 1);
      if (match.startsWith('[')) for (const inner of literals([match.slice(1, -1)])) counts.set(inner, (counts.get(inner) || 0) + 1);
    }
  }
  return [...counts].sort((a, b) => b[1] - a[1]).map(([text]) => text).slice(0, 200);
}

module.exports = { firstLine, details, frames, literals };
