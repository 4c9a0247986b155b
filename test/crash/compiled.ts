import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import * as path from 'node:path';
import { ModuleKind, ScriptTarget, transpileModule } from 'typescript';
import { ROOT } from '../helpers/paths';
import { temporaryFolder } from '../helpers/processes';

/** What child.ts is made of. */
const FILES = [
	...['test/crash/child.ts', 'test/crash/flow.ts', 'test/helpers/engine.ts'],
	...['test/helpers/nodeTypes.ts', 'test/helpers/paths.ts'],
];

const compilerOptions = {
	target: ScriptTarget.ES2022,
	module: ModuleKind.CommonJS,
	esModuleInterop: true,
};

/**
 * Compiles the program that is killed, once: a compiler in each of some hundred processes would take longer than
 * what they do. The folder has the tree's own parts beside it, by links.
 *
 * @returns the program's path
 */
export function compileChild(): string {
	const folder = temporaryFolder('crash-child');
	for (const name of ['node_modules', 'dist', 'tools', 'package.json']) {
		symlinkSync(path.join(ROOT, name), path.join(folder, name));
	}
	for (const file of FILES) {
		const target = path.join(folder, file.replace(/\.ts$/, '.js'));
		mkdirSync(path.dirname(target), { recursive: true });
		const source = readFileSync(path.join(ROOT, file), 'utf8');
		writeFileSync(target, transpileModule(source, { compilerOptions }).outputText);
	}
	return path.join(folder, 'test/crash/child.js');
}
