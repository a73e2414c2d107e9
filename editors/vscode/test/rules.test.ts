// What must stay true of the sources and the manifest. The tests run in the folder of the extension.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

interface Manifest {
    dependencies?: object;
    capabilities: { untrustedWorkspaces: { supported: string; restrictedConfigurations: string[] } };
    contributes: { configuration: { properties: Record<string, { scope: string }> }; commands: { command: string }[]; menus: Record<string, { command: string }[]> };
}

const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as Manifest;
const core = readdirSync('src/core').map((name) => [name, readFileSync(join('src/core', name), 'utf8')] as const);
const all = [...core, ...readdirSync('src/shell').map((name) => [name, readFileSync(join('src/shell', name), 'utf8')] as const), ['extension.ts', readFileSync('src/extension.ts', 'utf8')] as const];

test('the logic does not know VS Code', () => {
    assert.ok(core.length > 10);
    for (const [name, text] of core) assert.doesNotMatch(text, /from 'vscode'|from '\.\.\/shell/, name);
});

test('nothing runs through a shell, and only one place starts programs', () => {
    for (const [name, text] of all) {
        assert.doesNotMatch(text, /shell: true|\bexec(File)?(Sync)?\(['"`]|\beval\(|new Function|createTerminal|enableScripts|createWebviewPanel/, name);
        if (name !== 'child.ts') assert.doesNotMatch(text, /child_process/, name);
    }
});

test('there is no dependency at run time', () => {
    assert.equal(manifest.dependencies, undefined);
});

test('a workspace cannot say what runs, where text goes or where the token lies', () => {
    const properties = manifest.contributes.configuration.properties;
    for (const name of ['url', 'programFolder', 'dataFolder', 'model', 'startAutomatically']) {
        assert.equal(properties[`edgecoder.${name}`]?.scope, 'machine', name);
        assert.ok(manifest.capabilities.untrustedWorkspaces.restrictedConfigurations.includes(`edgecoder.${name}`), name);
    }
    assert.equal(manifest.capabilities.untrustedWorkspaces.supported, 'limited');
    assert.ok(!Object.keys(properties).some((name) => /token|secret|key/i.test(name)));
});

test('every command of a menu exists', () => {
    const commands = new Set(manifest.contributes.commands.map((one) => one.command));
    for (const items of Object.values(manifest.contributes.menus)) for (const item of items) assert.ok(commands.has(item.command), item.command);
});
