// Fault classes for JavaScript: the same fifteen as python_faults.py, each a generator of edits over the source text.
// Nothing here is shared with the repair engine.

import { parse } from 'acorn';

const COMPARISONS = {
  '<': ['<=', '>', '>='], '<=': ['<', '>=', '>'], '>': ['>=', '<', '<='], '>=': ['>', '<=', '<'],
  '===': ['!==', '>=', '<='], '!==': ['===', '<', '>'], '==': ['!='], '!=': ['=='],
};
const ARITHMETIC = {
  '+': ['-', '*'], '-': ['+'], '*': ['+', '**', '/'], '/': ['*', '%'], '%': ['/', '-'], '**': ['*', '+'],
  '&': ['|', '^'], '|': ['&', '^'], '^': ['&', '|'], '<<': ['>>'], '>>': ['<<'],
};
const WRONG_CALLS = {
  __proto__: null,
  max: ['min'], min: ['max'], every: ['some'], some: ['every'], push: ['unshift'], unshift: ['push'], pop: ['shift'],
  shift: ['pop'], floor: ['ceil', 'round'], ceil: ['floor'], round: ['floor', 'ceil'], sqrt: ['cbrt'], cbrt: ['sqrt'], abs: ['sign'],
  filter: ['map'], map: ['filter', 'forEach'], toLowerCase: ['toUpperCase'], toUpperCase: ['toLowerCase'], startsWith: ['endsWith'],
  endsWith: ['startsWith'], indexOf: ['lastIndexOf'], lastIndexOf: ['indexOf'], trim: ['trimEnd'], slice: ['splice'], find: ['filter'],
  sort: ['reverse'], reverse: ['sort'], keys: ['values'], values: ['keys'], entries: ['keys'], concat: ['push'], add: ['delete'],
  get: ['has'], isInteger: ['isNaN'], parseInt: ['parseFloat'], parseFloat: ['parseInt'], Number: ['String'], String: ['Number'],
  includes: ['startsWith'], forEach: ['map'], reduce: ['reduceRight'], flatMap: ['map'], findIndex: ['indexOf'], join: ['concat'],
};
const CONVERSIONS = new Set(['Number', 'String', 'parseInt', 'parseFloat', 'Boolean', 'floor', 'round', 'ceil', 'trunc', 'abs', 'toString']);

const isFunction = (node) => /Function/.test(node.type);
const isLoop = (node) => /^(For|While|DoWhile)/.test(node.type) && node.type !== 'ForwardReference';
const isNumber = (node) => node?.type === 'Literal' && typeof node.value === 'number';

export class Source {
  constructor(text) {
    this.text = text;
    const options = { ecmaVersion: 'latest', locations: true, allowHashBang: true, allowReturnOutsideFunction: true };
    try {
      this.tree = parse(text, { ...options, sourceType: 'script' });
    } catch {
      this.tree = parse(text, { ...options, sourceType: 'module' });
    }
    this.parent = new Map();
    this.role = new Map();
    this.nodes = [];
    this.visit(this.tree, false);
  }

  visit(node, inside) {
    for (const [name, value] of Object.entries(node)) {
      for (const child of Array.isArray(value) ? value : [value]) {
        if (child && typeof child.type === 'string') {
          this.parent.set(child, node);
          this.role.set(child, name);
          const now = inside || (isFunction(node) && name === 'body');
          if (now) this.nodes.push(child);
          this.visit(child, now);
        }
      }
    }
  }

  code(node) {
    return this.text.slice(node.start, node.end);
  }

  * ancestors(node) {
    for (let at = this.parent.get(node); at; at = this.parent.get(at)) yield at;
  }

  inLoop(node) {
    for (const above of this.ancestors(node)) {
      if (isFunction(above)) return false;
      if (isLoop(above)) return true;
    }
    return false;
  }

  block(statement) {
    const owner = this.parent.get(statement);
    return ['BlockStatement', 'Program'].includes(owner?.type) ? owner.body : null;
  }

  // The statement's lines when nothing else stands on them, else just the statement.
  lines(node) {
    const begin = this.text.lastIndexOf('\n', node.start - 1) + 1;
    let end = this.text.indexOf('\n', node.end);
    end = end < 0 ? this.text.length : end + 1;
    const alone = !this.text.slice(begin, node.start).trim() && !this.text.slice(node.end, end).replace(/\/\/.*/, '').trim();
    return alone ? [begin, end] : [node.start, node.end];
  }

  operatorPlace(left, right, operator) {
    const at = this.text.slice(left.end, right.start).indexOf(operator);
    return at < 0 ? null : [left.end + at, left.end + at + operator.length];
  }
}

// A fault is { line, edits: [[begin, end, text], ...] }.
const edit = (node, ...edits) => ({ line: node.loc.start.line, edits });
const replace = (node, text) => edit(node, [node.start, node.end, text]);
const swap = (s, owner, a, b) => edit(owner, [a.start, a.end, s.code(b)], [b.start, b.end, s.code(a)]);

function remove(s, statement) {
  if (!s.block(statement)) return replace(statement, ';');
  const [begin, end] = s.lines(statement);
  return edit(statement, [begin, end, '']);
}

const simple = (node) => ['Identifier', 'Literal', 'CallExpression', 'MemberExpression'].includes(node.type);

export const CLASSES = {
  * comparison(s) {
    for (const node of s.nodes) {
      if (node.type !== 'BinaryExpression') continue;
      const place = s.operatorPlace(node.left, node.right, node.operator);
      for (const other of COMPARISONS[node.operator] ?? []) yield edit(node, [...place, other]);
    }
  },

  * arithmetic(s) {
    for (const node of s.nodes) {
      const assignment = node.type === 'AssignmentExpression' && node.operator !== '=';
      if (node.type === 'UpdateExpression') {
        yield edit(node, [node.prefix ? node.start : node.end - 2, node.prefix ? node.start + 2 : node.end, node.operator === '++' ? '--' : '++']);
      }
      if (node.type !== 'BinaryExpression' && !assignment) continue;
      const operator = assignment ? node.operator.slice(0, -1) : node.operator;
      if (operator === '+' && [node.left, node.right].some((n) => n.type === 'Literal' && typeof n.value === 'string')) continue;
      const place = s.operatorPlace(node.left, node.right, node.operator);
      for (const other of ARITHMETIC[operator] ?? []) yield edit(node, [...place, other + (assignment ? '=' : '')]);
    }
  },

  // Integer versus float division; a conversion, rounding or absolute value that is missing.
  * conversion(s) {
    for (const node of s.nodes) {
      if (node.type === 'CallExpression' && node.arguments.length >= 1) {
        const name = node.callee.type === 'MemberExpression' ? node.callee.property.name : node.callee.name;
        if (CONVERSIONS.has(name) && node.arguments[0].type !== 'SpreadElement' && name !== 'toString') {
          const argument = node.arguments[0];
          yield replace(node, simple(argument) ? s.code(argument) : `(${s.code(argument)})`);
        }
      }
      if (node.type === 'CallExpression' && node.callee.type === 'MemberExpression' && ['toString', 'toLowerCase', 'toUpperCase', 'trim'].includes(node.callee.property.name)) {
        yield replace(node, s.code(node.callee.object));
      }
      if (node.type === 'BinaryExpression' && node.operator === '/') yield replace(node, `Math.floor(${s.code(node)})`);
      if (node.type === 'CallExpression' && node.arguments.length === 1 && node.arguments[0].type === 'Identifier' && node.arguments[0].name === 'Number') {
        yield replace(node, s.code(node.callee.object ?? node.callee));
      }
      if (node.type === 'BinaryExpression' && ['===', '<', '>'].includes(node.operator) && simple(node.left) && node.left.type !== 'Literal') {
        yield replace(node.left, `String(${s.code(node.left)})`);
      }
    }
  },

  * condition(s) {
    for (const node of s.nodes) {
      if (node.type === 'LogicalExpression' && node.operator !== '??') {
        yield edit(node, [...s.operatorPlace(node.left, node.right, node.operator), node.operator === '&&' ? '||' : '&&']);
      }
      if (node.type === 'UnaryExpression' && node.operator === '!') yield replace(node, s.code(node.argument));
      if (['IfStatement', 'WhileStatement', 'ConditionalExpression'].includes(node.type) && node.test.operator !== '!') {
        yield replace(node.test, simple(node.test) ? `!${s.code(node.test)}` : `!(${s.code(node.test)})`);
      }
    }
  },

  * missing_condition(s) {
    for (const node of s.nodes) {
      if (node.type === 'LogicalExpression') {
        yield replace(node, s.code(node.left));
        yield replace(node, s.code(node.right));
      }
      const single = node.type === 'IfStatement' && !node.alternate && (node.consequent.type === 'BlockStatement'
        ? node.consequent.body.length === 1 && node.consequent.body[0] : node.consequent);
      if (single && s.block(node)) {
        if (/^(Return|Continue|Break|Throw)/.test(single.type)) yield remove(s, node);
        else if (single.type === 'ExpressionStatement') yield replace(node, s.code(single));
      }
      if (node.type === 'CallExpression' && node.callee.type === 'MemberExpression' && node.callee.property.name === 'filter') {
        yield edit(node, [node.callee.object.end, node.end, '']);
      }
    }
  },

  * wrong_variable(s) {
    const scopes = new Map();
    const bind = (pattern, scope) => {
      if (!pattern) return;
      if (pattern.type === 'Identifier') {
        if (!scopes.has(scope)) scopes.set(scope, new Map());
        if (!scopes.get(scope).has(pattern.name)) scopes.get(scope).set(pattern.name, pattern.start);
      }
      for (const part of pattern.elements ?? []) bind(part, scope);
      for (const part of pattern.properties ?? []) bind(part.value ?? part.argument, scope);
      bind(pattern.left ?? pattern.argument, scope);
    };
    const blockOf = (node) => {
      for (const above of s.ancestors(node)) if (isFunction(above) || isLoop(above) || above.type === 'BlockStatement') return above;
      return s.tree;
    };
    const all = [...s.parent.keys()];
    for (const node of all) {
      if (isFunction(node)) for (const parameter of node.params) bind(parameter, node);
      if (node.type === 'VariableDeclarator') bind(node.id, blockOf(node));
    }
    for (const node of s.nodes) {
      if (node.type !== 'Identifier') continue;
      const owner = s.parent.get(node);
      const role = s.role.get(node);
      const binding = ['id', 'params', 'label', 'callee'].includes(role) || (role === 'property' && !owner.computed) || (role === 'key' && !owner.computed)
        || (owner.type === 'AssignmentExpression' && role === 'left') || owner.type === 'UpdateExpression' || /Pattern$/.test(owner.type);
      if (binding) continue;
      const names = new Map();
      for (const above of s.ancestors(node)) for (const [name, start] of scopes.get(above) ?? []) if (start < node.start) names.set(name, start);
      if (!names.has(node.name)) continue;
      for (const name of [...names.keys()].sort()) {
        if (name !== node.name && name !== '_') yield owner.shorthand ? replace(node, `${node.name}: ${name}`) : replace(node, name);
      }
    }
  },

  * swapped(s) {
    for (const node of s.nodes) {
      if (['CallExpression', 'NewExpression'].includes(node.type)) {
        for (let i = 1; i < node.arguments.length; i++) yield swap(s, node, node.arguments[i - 1], node.arguments[i]);
      }
      if (node.type === 'BinaryExpression' && ['-', '/', '%', '**', '+'].includes(node.operator) && simple(node.left) && simple(node.right)) {
        yield swap(s, node, node.left, node.right);
      }
      if (node.type === 'ConditionalExpression') yield swap(s, node, node.consequent, node.alternate);
      if (node.type === 'ArrayExpression' && node.elements.length === 2 && node.elements.every(Boolean)) yield swap(s, node, ...node.elements);
    }
  },

  * wrong_call(s) {
    for (const node of s.nodes) {
      if (node.type !== 'CallExpression') continue;
      const name = node.callee.type === 'MemberExpression' && !node.callee.computed ? node.callee.property : node.callee;
      if (name.type !== 'Identifier') continue;
      for (const other of WRONG_CALLS[name.name] ?? []) yield replace(name, other);
    }
  },

  * off_by_one(s) {
    const bounds = [];
    for (const node of s.nodes) {
      if (node.type === 'MemberExpression' && node.computed) bounds.push(node.property);
      if (node.type === 'CallExpression' && ['slice', 'substring', 'repeat', 'splice', 'charAt', 'charCodeAt', 'at', 'substr'].includes(node.callee.property?.name)) {
        bounds.push(...node.arguments);
      }
      if (node.type === 'BinaryExpression' && ['<', '<=', '>', '>='].includes(node.operator)) bounds.push(node.right);
      if (node.type === 'VariableDeclarator' && s.parent.get(node)?.kind === 'let' && s.role.get(s.parent.get(node)) === 'init') bounds.push(node.init);
    }
    for (const node of bounds.filter(Boolean)) {
      if (isNumber(node)) {
        yield replace(node, String(node.value + 1));
        yield replace(node, String(node.value - 1));
      } else if (node.type === 'BinaryExpression' && ['+', '-'].includes(node.operator) && isNumber(node.right) && node.right.value === 1) {
        yield replace(node, s.code(node.left));
      } else if (['Identifier', 'MemberExpression', 'CallExpression'].includes(node.type)) {
        yield replace(node, `${s.code(node)} - 1`);
        yield replace(node, `${s.code(node)} + 1`);
      }
    }
  },

  // The part of a sequence that is taken, the way a counting loop runs.
  * slice_range(s) {
    for (const node of s.nodes) {
      if (node.type === 'CallExpression' && ['slice', 'substring', 'splice'].includes(node.callee.property?.name)) {
        const [first, second] = node.arguments;
        if (first) yield edit(node, [first.start, node.end - 1, second ? s.code(first) : '']);
        if (second) yield replace(first, '0');
        if (second) yield edit(node, [first.start, node.end - 1, s.code(second)]);
        if (first && !second) yield replace(first, `0, ${s.code(first)}`);
      }
      if (node.type === 'ForStatement') {
        const start = node.init?.declarations?.[0]?.init;
        if (isNumber(start)) for (const other of ['0', '1', '2']) yield replace(start, other);
        if (node.update?.type === 'UpdateExpression' && node.update.argument.type === 'Identifier') {
          yield replace(node.update, `${node.update.argument.name} ${node.update.operator[0]}= 2`);
        }
        if (node.update?.type === 'AssignmentExpression') yield replace(node.update, `${s.code(node.update.left)}++`);
        if (node.test?.type === 'BinaryExpression' && ['<', '<='].includes(node.test.operator)) {
          yield replace(node.test.right, `Math.floor(${s.code(node.test.right)} / 2)`);
        }
      }
    }
  },

  * initial_value(s) {
    for (const node of s.nodes) {
      const declared = node.type === 'VariableDeclarator' && node.init;
      const assigned = node.type === 'AssignmentExpression' && node.operator === '=' && node.right.type === 'Literal';
      const value = declared ? node.init : assigned ? node.right : null;
      if (!value) continue;
      if (isNumber(value)) {
        for (const other of new Set([1 - value.value, value.value + 1, value.value - 1])) yield replace(value, String(other));
      } else if (value.type === 'Literal' && typeof value.value === 'boolean') yield replace(value, String(!value.value));
      else if (value.type === 'Literal' && value.value === null) yield replace(value, '0');
      else if (value.type === 'Literal' && typeof value.value === 'string') yield replace(value, value.value ? "''" : "' '");
      else if (value.type === 'ArrayExpression') yield replace(value, value.elements.length ? '[]' : '[0]');
      else if (value.type === 'MemberExpression' && value.computed) yield replace(value, '0');
    }
  },

  * literal(s) {
    for (const node of s.nodes) {
      if (node.type !== 'Literal' || node.regex || (s.parent.get(node).type === 'MemberExpression')) continue;
      const { value } = node;
      if (typeof value === 'boolean') yield replace(node, String(!value));
      else if (typeof value === 'number') for (const other of [value + 1, value * 10, Math.abs(value - 1)]) yield replace(node, String(other));
      else if (typeof value === 'string') {
        const flipped = value === value.toUpperCase() ? value.toLowerCase() : value.toUpperCase();
        for (const other of [flipped, value.slice(0, -1), `${value} `]) if (other !== value) yield replace(node, `'${other.replace(/['\\\n]/g, (c) => (c === '\n' ? '\\n' : `\\${c}`))}'`);
      }
    }
  },

  * missing_statement(s) {
    for (const node of s.nodes) {
      if (node.type !== 'ExpressionStatement') continue;
      const { expression } = node;
      if (['UpdateExpression', 'CallExpression'].includes(expression.type) || expression.type === 'AssignmentExpression') yield remove(s, node);
    }
  },

  * return(s) {
    for (const node of s.nodes) {
      if (node.type !== 'ReturnStatement' || !node.argument) continue;
      yield edit(node, [node.start, node.argument.start, '']);
      if (node.argument.type === 'Literal' && typeof node.argument.value === 'boolean') yield replace(node.argument, String(!node.argument.value));
      else if (node.argument.type !== 'Literal') yield replace(node.argument, 'null');
      const block = s.block(node) ?? [];
      const before = block[block.indexOf(node) - 1];
      if (before && isLoop(before) && before.body.type === 'BlockStatement') {
        // The return slips before the closing brace of the loop.
        yield edit(node, [before.body.end - 1, before.body.end, ''], [node.end, node.end, '\n  }']);
      }
    }
  },

  * control_flow(s) {
    for (const node of s.nodes) {
      if (['BreakStatement', 'ContinueStatement'].includes(node.type)) {
        yield replace(node, node.type === 'BreakStatement' ? 'continue;' : 'break;');
        yield remove(s, node);
      }
      if (node.type === 'IfStatement') {
        if (node.alternate?.type === 'IfStatement') yield edit(node.alternate, [node.consequent.end, node.alternate.start, '\n']);
        else if (node.alternate) {
          yield edit(node.alternate, [node.consequent.end, node.alternate.end, '']);
          if (node.alternate.type === 'BlockStatement') yield edit(node.alternate, [node.consequent.end, node.alternate.end, `\n${s.text.slice(node.alternate.start + 1, node.alternate.end - 1)}`]);
        }
        const block = s.block(node) ?? [];
        const before = block[block.indexOf(node) - 1];
        if (before?.type === 'IfStatement' && !before.alternate) yield edit(node, [before.end, node.start, ' else ']);
      }
      if (node.type === 'WhileStatement') yield edit(node, [node.start, node.start + 5, 'if']);
      if (isLoop(node) && node.body.type === 'BlockStatement' && node.body.body.length > 1) {
        const last = node.body.body.at(-1);
        const [begin, end] = s.lines(last);
        if (last.type === 'ExpressionStatement') yield edit(last, [begin, end, ''], [node.end, node.end, `\n${s.text.slice(begin, end).trimEnd()}`]);
      }
    }
  },
};

export function apply(text, edits) {
  for (const [begin, end, replacement] of [...edits].sort((a, b) => b[0] - a[0] || b[1] - a[1])) {
    text = text.slice(0, begin) + replacement + text.slice(end);
  }
  return text;
}

const withoutPlaces = (key, value) => (['start', 'end', 'loc', 'raw'].includes(key) ? undefined : typeof value === 'bigint' ? String(value) : value);
const shape = (text) => JSON.stringify(new Source(text).tree, withoutPlaces);

/** Every fault of a class, unchecked and cheap: whole projects have tens of thousands. */
export function sites(text, kind) {
  return [...CLASSES[kind](new Source(text))];
}

/** Every fault of a class that still parses and changes the tree: [{ line, changed }]. */
export function faults(text, kind) {
  const source = new Source(text);
  const seen = new Set([JSON.stringify(source.tree, withoutPlaces)]);
  const found = [];
  for (const fault of CLASSES[kind](source)) {
    const changed = apply(text, fault.edits);
    let tree;
    try {
      tree = shape(changed);
    } catch {
      continue;
    }
    if (!seen.has(tree)) {
      seen.add(tree);
      found.push({ line: fault.line, changed });
    }
  }
  return found;
}
