// Runs generated assertions against one candidate of JavaScript and writes down which hold; the record is the one that
// agreement.py describes. The answers are what the assertions compare first, so there is one per assertion.
'use strict';
const fs = require('node:fs');
const path = require('node:path');
const vm = require('node:vm');
const util = require('node:util');
const crypto = require('node:crypto');
const strict = require('node:assert').strict;
const {pathToFileURL} = require('node:url');

const kPatience = 20;  // assertions that run out of time before the rest counts as failed
const job = JSON.parse(fs.readFileSync(path.join(__dirname, 'job.json'), 'utf8'));
const record = fs.openSync(path.join(process.argv[2], 'record'), 'a', 0o600);
const write = fs.writeSync;
const leave = process.reallyExit.bind(process);
const note = (line) => write(record, line + '\n');

function silence() {
    const quiet = () => true;
    process.stdout.write = quiet;
    process.stderr.write = quiet;
}

// An assert that also remembers what it was asked about first.
function watchedAssert(seen) {
    const see = (check) => (...values) => {
        if (seen.value === undefined) seen.value = {answer: values[0]};
        return check(...values);
    };
    const watched = see(strict.ok);
    for (const name of ['ok', 'equal', 'strictEqual', 'deepEqual', 'deepStrictEqual', 'notEqual', 'notStrictEqual',
                        'notDeepEqual', 'notDeepStrictEqual', 'match', 'throws', 'doesNotThrow'])
        watched[name] = see(strict[name]);
    watched.strict = watched;
    return watched;
}

function digest(value) {
    const text = util.inspect(value, {depth: 6, maxArrayLength: 2000, maxStringLength: 100000, sorted: true});
    return crypto.createHash('sha1').update(text).digest('hex').slice(0, 16);
}

// Values of another realm have other prototypes; compared strictly they would never equal ours. Assertions therefore run
// in this realm, with a limit that vm puts on everything they call.
function run(source, names, values, milliseconds, out) {
    const script = new vm.Script(`(${names.join(', ')}) => { ${source}\n }`, {filename: 'assertion'});
    const body = script.runInThisContext();
    globalThis[out] = () => body(...values);
    try {
        vm.runInThisContext(`globalThis[${JSON.stringify(out)}]()`, {timeout: milliseconds});
    } finally {
        delete globalThis[out];
    }
}

async function load(file) {
    try {
        return require(path.resolve(file));
    } catch (error) {
        if (!['ERR_REQUIRE_ESM', 'ERR_REQUIRE_ASYNC_MODULE'].includes(error.code) && !(error instanceof SyntaxError))
            throw error;
        return await import(pathToFileURL(path.resolve(file)).href);
    }
}

async function main() {
    silence();
    const world = new Map();
    for (const file of job.files) {
        const exported = await load(file);
        for (const from of [exported, exported.default]) {
            if (typeof from === 'function' && from.name) world.set(from.name, from);
            if (from === null || (typeof from !== 'object' && typeof from !== 'function')) continue;
            for (const name of Object.keys(from)) {
                if (/^[A-Za-z_$][\w$]*$/.test(name) && name !== 'default') world.set(name, from[name]);
            }
        }
    }
    world.delete('assert');
    const names = ['assert', ...world.keys()];
    const hidden = 'ec' + crypto.randomBytes(8).toString('hex');
    let spent = 0;
    for (const [index, source] of job.tests.entries()) {
        if (spent >= kPatience) break;
        const seen = {};
        const values = [watchedAssert(seen), ...world.values()];
        let holds = false;
        try {
            run(source, names, values, job.seconds * 1000, hidden);
            holds = true;
        } catch (error) {
            if (error && error.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') ++spent;
        }
        note(`t ${index} ${holds ? 1 : 0}`);
        try {
            if (seen.value) note(`o ${index} ${digest(seen.value.answer)}`);
        } catch {
            // An answer that cannot be shown is none.
        }
    }
    leave(0);
}

process.on('uncaughtException', () => leave(0));
process.on('unhandledRejection', () => {});
main().catch(() => leave(0));
