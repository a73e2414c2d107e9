// Packs OUT/extension.js, the manifest without what only building needs, the README and the licence into OUT/edgecoder-VERSION.vsix.
// Usage: node package.mjs [OUT] (default: dist), after `npm run build`. Needs no network.
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { createVSIX } from '@vscode/vsce';

const out = resolve(process.argv[2] ?? 'dist');
const stage = `${out}/stage`;
const { scripts, devDependencies, private: _, ...manifest } = JSON.parse(readFileSync('package.json', 'utf8'));

rmSync(stage, { recursive: true, force: true });
mkdirSync(stage, { recursive: true });
writeFileSync(`${stage}/package.json`, `${JSON.stringify(manifest, null, 2)}\n`);
cpSync('media', `${stage}/media`, { recursive: true });
cpSync('README.md', `${stage}/README.md`);
cpSync('../../LICENSE', `${stage}/LICENSE`);
cpSync(`${out}/extension.js`, `${stage}/extension.js`);
// Nothing is fetched and nothing is rewritten: the README's links are to the package's own files.
await createVSIX({ cwd: stage, packagePath: `${out}/edgecoder-${manifest.version}.vsix`, dependencies: false, rewriteRelativeLinks: false, allowMissingRepository: true });
rmSync(stage, { recursive: true, force: true });
