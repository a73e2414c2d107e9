// Bundles the extension and its tests. Usage: node build.mjs [OUT] (default: dist)
//   OUT/extension.js        the extension, with `vscode` left to VS Code
//   OUT/test/*.test.cjs     the tests, with the double of test/vscode_double.ts in place of `vscode`
//   OUT/test/fake_agent.mjs the agent of the tests, a program of its own
import { build } from 'esbuild';
import { readdirSync, rmSync } from 'node:fs';

const out = process.argv[2] ?? 'dist';
const common = { bundle: true, platform: 'node', target: 'node20', logLevel: 'warning', legalComments: 'none' };
rmSync(`${out}/test`, { recursive: true, force: true });
await build({ ...common, entryPoints: ['src/extension.ts'], outfile: `${out}/extension.js`, format: 'cjs', external: ['vscode'], sourcemap: 'external' });
const tests = readdirSync('test').filter((name) => name.endsWith('.test.ts'));
await build({
    ...common, entryPoints: tests.map((name) => `test/${name}`), outdir: `${out}/test`, format: 'cjs', outExtension: { '.js': '.cjs' },
    alias: { vscode: './test/vscode_double.ts' }, sourcemap: 'inline',
});
await build({ ...common, entryPoints: ['test/fake_agent.ts'], outfile: `${out}/test/fake_agent.mjs`, format: 'esm' });
