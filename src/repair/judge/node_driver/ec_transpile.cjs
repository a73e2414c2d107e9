// ES modules as functions, so that one compiled script serves every context (Node never frees a vm.SourceTextModule, nor
// the context it was made for). Everything keeps its place: statements are blanked out or replaced by as many characters,
// and what they meant goes into a head before the first character.
//
// Imported names are bound when the module starts. What that cannot express (cycles, top-level await, exported variables
// that change later) is refused here or by the loader, and the real thing is used.
'use strict';

const NAMES = /^\s*([\w$]+|'[^']*'|"[^"]*")(?:\s+as\s+([\w$]+|'[^']*'|"[^"]*"))?\s*$/;

/// Start positions of import and export statements: the words at the beginning of a statement, outside of everything.
function statements(text) {
  const found = [];
  const templates = [];
  let depth = 0;
  let significant = '';
  let word = '';
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (c === '/' && text[i + 1] === '/') {
      i = text.indexOf('\n', i) < 0 ? text.length : text.indexOf('\n', i);
      continue;
    }
    if (c === '/' && text[i + 1] === '*') {
      const end = text.indexOf('*/', i + 2);
      if (end < 0) return null;
      i = end + 1;
      continue;
    }
    if (/\s/.test(c)) continue;
    if (c === '"' || c === "'") {
      for (i++; i < text.length && text[i] !== c; i++) if (text[i] === '\\') i++;
      significant = 'a';
      word = '';
      continue;
    }
    if (c === '`' || (c === '}' && templates.at(-1) === depth)) {
      if (c === '}') templates.pop();
      for (i++; i < text.length && text[i] !== '`'; i++) {
        if (text[i] === '\\') i++;
        else if (text[i] === '$' && text[i + 1] === '{') break;
      }
      if (text[i] === '$') {
        templates.push(depth);
        i++;
        significant = '{';
      } else significant = 'a';
      word = '';
      continue;
    }
    if (/[\w$]/.test(c)) {
      let end = i;
      while (end < text.length && /[\w$]/.test(text[end])) end++;
      const name = text.slice(i, end);
      if (depth === 0 && (name === 'import' || name === 'export') && significant !== '.' && !/^\s*[(.]/.test(text.slice(end, end + 20))) found.push(i);
      if (depth === 0 && name === 'await' && significant !== '.') return null;
      if (depth === 0 && name === 'for' && /^\s+await\b/.test(text.slice(end, end + 20))) return null;
      word = name;
      significant = 'a';
      i = end - 1;
      continue;
    }
    if (c === '/' && (!'a)]}'.includes(significant) || /^(return|typeof|case|in|of|void|delete|throw|do|else)$/.test(word))) {
      let inClass = false;
      for (i++; i < text.length && (inClass || text[i] !== '/'); i++) {
        if (text[i] === '\\') i++;
        else if (text[i] === '[') inClass = true;
        else if (text[i] === ']') inClass = false;
        else if (text[i] === '\n') return null;
      }
      significant = 'a';
      word = '';
      continue;
    }
    if ('([{'.includes(c)) depth++;
    else if (')]}'.includes(c)) depth--;
    significant = c;
    word = '';
  }
  return depth === 0 && templates.length === 0 ? found : null;
}

const blank = (text) => text.replace(/[^\n\r]/g, ' ');
const bare = (name) => (/^['"]/.test(name) ? name.slice(1, -1) : name);

function clauseNames(braces) {
  const out = [];
  for (const part of braces.replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, '').split(',')) {
    if (part.trim() === '') continue;
    const match = NAMES.exec(part);
    if (!match) return null;
    out.push([bare(match[1]), bare(match[2] || match[1])]);
  }
  return out;
}

/// {text, specifiers, importedNames}: a function expression `(function ($ec$) {…})` whose first line is the head plus the
/// first line of the module; null when this module needs the real thing. `head` is the length of what was put in front.
function transpile(source) {
  const places = statements(source);
  if (places === null || /\bimport\s*\(/.test(source)) return null;
  const dependencies = [];
  const exported = [];
  const exportNames = [];
  let hasStar = false;
  const binds = [];
  let text = source;
  const put = (begin, end, replacement = '') => {
    const room = text.slice(begin, end);
    text = text.slice(0, begin) + replacement + blank(room.slice(replacement.length)) + text.slice(end);
  };
  const dependency = (specifier, names) => dependencies.push({ specifier, names }) - 1;
  for (const at of places) {
    const rest = source.slice(at);
    let match;
    if ((match = /^import\s*(['"])([^'"\n]+)\1\s*;?/.exec(rest))) {
      dependency(match[2], []);
      put(at, at + match[0].length);
    } else if ((match = /^import\s+([^'"]*?)\s*from\s*(['"])([^'"\n]+)\2(\s*(?:with|assert)\s*\{[^}]*\})?\s*;?/.exec(rest))) {
      const clause = match[1].replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, '').trim();
      const parts = /^(?:([\w$]+)\s*,?\s*)?(?:\*\s*as\s+([\w$]+)|\{([\s\S]*)\})?$/.exec(clause);
      if (!parts) return null;
      const names = parts[3] === undefined ? [] : clauseNames(parts[3]);
      if (!names) return null;
      if (parts[1]) names.push(['default', parts[1]]);
      const index = dependency(match[3], parts[2] ? null : names.map(([name]) => name));
      if (parts[2]) binds.push(`${parts[2]}=$ec$.all(${index})`);
      for (const [name, local] of names) binds.push(`${local}=$ec$.get(${index},${JSON.stringify(name)})`);
      put(at, at + match[0].length);
    } else if ((match = /^export\s*\*\s*(?:as\s+([\w$]+)\s*)?from\s*(['"])([^'"\n]+)\2\s*;?/.exec(rest))) {
      const index = dependency(match[3], null);
      if (match[1]) exportNames.push(match[1]);
      else hasStar = true;
      exported.push(match[1] ? `${match[1]}:()=>$ec$.all(${index})` : `...$ec$.star(${index})`);
      put(at, at + match[0].length);
    } else if ((match = /^export\s*\{([^}]*)\}\s*(?:from\s*(['"])([^'"\n]+)\2\s*)?;?/.exec(rest))) {
      const names = clauseNames(match[1]);
      if (!names) return null;
      const index = match[3] ? dependency(match[3], names.map(([name]) => name)) : -1;
      for (const [name, outside] of names) {
        exportNames.push(outside);
        exported.push(`${JSON.stringify(outside)}:()=>${index < 0 ? name : `$ec$.get(${index},${JSON.stringify(name)})`}`);
      }
      put(at, at + match[0].length);
    } else if ((match = /^export\s+default\s+(?:(?:async\s+)?function\s*\*?|class)\s+(?!extends\b)([\w$]+)/.exec(rest))) {
      exportNames.push('default');
      exported.push(`default:()=>${match[1]}`);
      put(at, at + /^export\s+default\s+/.exec(rest)[0].length);
    } else if ((match = /^export\s+default\s+/.exec(rest))) {
      exportNames.push('default');
      exported.push('default:()=>$ec$.d');
      put(at, at + match[0].length, '$ec$.d=');
    } else if ((match = /^export\s+(?:async\s+)?(?:function\s*\*?|class)\s*([\w$]+)/.exec(rest)) || (match = /^export\s+const\s+([\w$]+)\s*=/.exec(rest))) {
      exportNames.push(match[1]);
      exported.push(`${match[1]}:()=>${match[1]}`);
      put(at, at + 6);
    } else return null;
  }
  const head = `(function ($ec$) {'use strict';$ec$.exports({${exported.join()}});${binds.length ? `const ${binds.join()};` : ''}`;
  text = text.replace(/\bimport\.meta\b/g, () => '$ec$.meta  ');
  return { text: `${head}${text}\n})`, head: head.length, dependencies, exportNames, hasStar };
}

module.exports = { transpile };
