// The project's folder between candidates: what tests leave there is seen by comparing it before and after the baseline,
// and put back after every candidate. Only ever touches the sandbox's own copy of the workspace.
'use strict';

const fs = require('node:fs');
const path = require('node:path');

const FOREIGN = new Set(['node_modules', '.git', '.hg', '.svn', 'coverage', '.nyc_output', '.cache', '__pycache__', '.venv', 'venv']);
const MOST_ENTRIES = 20000;
const MOST_BYTES = 8 << 20;
const SMALL = 64 << 10;
const MOST_CHANGES = 1000;

/// Names, kinds, sizes and times of what is in a folder, and the bytes of small files, so that they can be put back.
class Snapshot {
  constructor(root) {
    this.root = root;
    this.entries = new Map();
    this.contents = new Map();
    this.kept = 0;
    this.walk('');
  }

  walk(folder) {
    let names;
    try {
      names = fs.readdirSync(path.join(this.root, folder), { withFileTypes: true });
    } catch {
      return;
    }
    for (const entry of names) {
      if (this.entries.size >= MOST_ENTRIES) return;
      const name = folder ? `${folder}/${entry.name}` : entry.name;
      if (entry.isDirectory()) {
        if (FOREIGN.has(entry.name)) continue;
        this.entries.set(name, 'folder');
        this.walk(name);
      } else this.note(name);
    }
  }

  note(name) {
    const file = path.join(this.root, name);
    const status = fs.lstatSync(file, { bigint: true, throwIfNoEntry: false });
    if (!status) return;
    this.entries.set(name, `${status.mtimeNs} ${status.size} ${status.ino} ${status.mode}`);
    const size = Number(status.size);
    if (!status.isFile() || size > SMALL || this.kept + size > MOST_BYTES) return;
    const known = contentOf(file);
    if (known) {
      this.contents.set(name, known);
      this.kept += size;
    }
  }

  /// Names of files and folders that are new, gone or changed since this was taken. What is in a new folder is not
  /// named: it goes with the folder.
  changes() {
    const now = new Snapshot(this.root);
    const changed = [];
    for (const [name, facts] of now.entries) {
      if (this.entries.get(name) === facts) continue;
      const parent = path.posix.dirname(name);
      if (parent === '.' || this.entries.has(parent)) changed.push(name);
    }
    for (const [name, facts] of this.entries) if (facts !== 'folder' && !now.entries.has(name)) changed.push(name);
    return [...new Set(changed)].sort().slice(0, MOST_CHANGES);
  }
}

function contentOf(file) {
  try {
    const status = fs.statSync(file, { bigint: true });
    return status.isFile() ? { bytes: fs.readFileSync(file), times: [status.atime, status.mtime], mode: Number(status.mode & 0o7777n) } : null;
  } catch {
    return null;
  }
}

/// Puts the named files back to what they were.
class Keeper {
  /// `snapshot`: how the folder was before; without one it is now as it should stay.
  constructor(root, names, snapshot) {
    this.names = names;
    this.state = new Map();
    for (const name of names) {
      const file = path.resolve(root, name);
      if (!file.startsWith(root + path.sep)) continue;
      const known = snapshot ? snapshot.contents.get(name) : contentOf(file);
      // A file whose bytes are not known can only be left alone; one that was not there is taken away.
      if (known || !(snapshot ? snapshot.entries.has(name) : fs.existsSync(file))) this.state.set(file, known || null);
    }
  }

  restore() {
    for (const [file, known] of this.state) {
      try {
        if (known === null) fs.rmSync(file, { recursive: true, force: true });
        else if (!isAsKept(file, known)) put(file, known);
      } catch {
        // The next baseline or the whole command in a clean sandbox says what that means.
      }
    }
  }
}

function isAsKept(file, known) {
  const status = fs.lstatSync(file, { bigint: true, throwIfNoEntry: false });
  return status !== undefined && status.isFile() && status.mtime.getTime() === known.times[1].getTime() && Number(status.size) === known.bytes.length;
}

function put(file, known) {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  const status = fs.lstatSync(file, { throwIfNoEntry: false });
  if (status && !status.isFile()) fs.rmSync(file, { recursive: true, force: true });
  fs.writeFileSync(file, known.bytes, { mode: known.mode });
  fs.utimesSync(file, ...known.times);
}

/// Edited files on disk, for as long as one candidate is judged: programs and threads that a test starts read them there.
class DiskCopy {
  constructor() {
    this.before = new Map();
  }

  show(edited) {
    for (const [file, bytes] of edited) {
      const known = contentOf(file);
      if (this.before.has(file) || !known) continue;
      this.before.set(file, known);
      fs.writeFileSync(file, bytes);
    }
  }

  hide() {
    for (const [file, known] of this.before) put(file, known);
    this.before.clear();
  }
}

module.exports = { Snapshot, Keeper, DiskCopy };
