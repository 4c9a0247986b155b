import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { installTools } from '../install.mjs';

// npm run lint: n8n's rules on what ships, typescript-eslint's on the tests, ESLint's on the tools. Arguments are handed to
// ESLint (--fix).
const here = import.meta.dirname;
const root = path.resolve(here, '../..');
const targets = ['package.json', 'nodes', 'credentials', 'test', 'bench', 'tools', 'gulpfile.js'];

installTools(here);
const { status } = spawnSync(
	process.execPath,
	[
		path.join(here, 'node_modules/eslint/bin/eslint.js'),
		'--config',
		path.join(here, 'eslint.config.mjs'),
		'--max-warnings',
		'0',
		'--no-error-on-unmatched-pattern',
		...process.argv.slice(2),
		...targets.filter((target) => existsSync(path.join(root, target))),
	],
	{ cwd: root, stdio: 'inherit' },
);
process.exitCode = status ?? 1;
