import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import { performance } from 'node:perf_hooks';

// Runs without a loader, so all its types are ones that Node can take away.
const root = process.argv[2] ?? '';
const load = createRequire(join(root, 'package.json'));
const { n8n } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
	n8n: { nodes: string[]; credentials: string[] };
};
load('n8n-workflow');
const alive = () => {
	global.gc!();
	return process.memoryUsage().heapUsed;
};
const loadedBefore = Object.keys(load.cache).length;
const before = alive();
const started = performance.now();
const instances = [...n8n.credentials, ...n8n.nodes].map((file) => {
	const name = basename(file).split('.')[0] ?? '';
	const exported = load(join(root, file)) as Record<string, new () => object>;
	return new exported[name]!();
});
const ms = performance.now() - started;
const bytes = alive() - before;
const files = Object.keys(load.cache).length - loadedBefore;
if (instances.length === 0) throw new Error('The package holds nothing');
process.stdout.write(JSON.stringify({ ms, bytes, files }));
