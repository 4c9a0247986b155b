import { readdirSync, readFileSync } from 'node:fs';
import * as path from 'node:path';
import { ROOT } from '../helpers/paths';

/**
 * The layers of nodes/, as docs/architecture.md draws them: imports run one way, from a node through
 * its resources and what the nodes share down to the APIs and n8n's transport.
 */

/** From the top to the bottom: a file may import from its own layer and from those below. */
const LAYERS = ['node', 'shared', 'services', 'http'];

interface SourceFile {
	name: string;
	lines: number;
	imports: string[];
}

function filesBelow(folder: string): SourceFile[] {
	return readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' })
		.filter((name) => name.endsWith('.ts'))
		.map((name) => {
			const file = path.join(folder, name);
			const text = readFileSync(path.join(ROOT, file), 'utf8');
			const imports = [...text.matchAll(/ from '(\.[^']*)'/g)].map(([, target = '']) =>
				path.join(path.dirname(file), target),
			);
			return { name: file, lines: text.split('\n').length - 1, imports };
		});
}

/** The folder below nodes/ that a file is in. */
function folderOf(file: string): string {
	return file.split(path.sep)[1] ?? '';
}

function layerOf(file: string): number {
	const folder = folderOf(file);
	if (folder === 'http') return LAYERS.indexOf('http');
	if (folder === 'api' || folder === 'vaults') return LAYERS.indexOf('services');
	return LAYERS.indexOf(folder === 'shared' ? 'shared' : 'node');
}

const files = filesBelow('nodes');

it('finds the files', () => {
	expect(files.length).toBeGreaterThan(50);
	expect(files.flatMap(({ imports }) => imports).length).toBeGreaterThan(100);
});

it('imports run one way, and no node imports from another one', () => {
	const wrong = files.flatMap(({ name, imports }) =>
		imports
			.filter((target) => {
				if (layerOf(target) < layerOf(name)) return true;
				const across = folderOf(target) !== folderOf(name);
				return across && layerOf(target) === layerOf(name);
			})
			.map((target) => `${name} imports ${target}`),
	);
	expect(wrong).toEqual([]);
});

it('nothing below the nodes knows an item, a node or the editor', () => {
	const below = files.filter(({ name }) => ['api', 'http'].includes(folderOf(name)));
	const knowing = below.filter(({ name }) =>
		/\b(INodeProperties|IExecuteFunctions|INodeExecutionData|INode|NodeApiError|NodeOperationError|itemIndex)\b/.test(
			readFileSync(path.join(ROOT, name), 'utf8'),
		),
	);
	expect(knowing.map(({ name }) => name)).toEqual([]);
});

it('no file is over 250 lines', () => {
	const all = [...files, ...filesBelow('credentials')];
	expect(all.filter(({ lines }) => lines > 250).map(({ name }) => name)).toEqual([]);
});
