import { readdirSync, readFileSync } from 'node:fs';
import * as path from 'node:path';
import { leaksIn } from '../../helpers/scanner';
import type { N8n } from './n8n';
import { print } from '../../helpers/print';

export interface Kept {
	/** Paths below n8n's own folder. */
	files: string[];
	/** The bytes of each file, one character each. */
	texts: string[];
}

/** Every byte that n8n keeps: its database with the write-ahead log, its logs, its stored files. */
export function keptBytes(n8n: N8n): Kept {
	const folder = path.join(n8n.userFolder, '.n8n');
	const files = readdirSync(folder, { recursive: true, withFileTypes: true })
		.filter((entry) => entry.isFile())
		.map((entry) => path.join(entry.parentPath, entry.name))
		// The installed package's own code.
		.filter((file) => !file.startsWith(path.join(folder, 'nodes')));
	return {
		files: files.map((file) => path.relative(folder, file)),
		texts: files.map((file) => readFileSync(file, 'latin1')),
	};
}

/**
 * Looks for secrets in what n8n keeps.
 *
 * @throws Error that names the files in which a secret was found, and never the secret
 */
export function expectNotKept(n8n: N8n, secrets: readonly string[]): void {
	const { files, texts } = keptBytes(n8n);
	if (!files.some((file) => file.endsWith('.sqlite-wal'))) {
		throw new Error(`There is no write-ahead log among the files of n8n: ${files.join(', ')}`);
	}
	const found = files.filter((_, index) => leaksIn(texts[index], secrets).length > 0);
	if (found.length > 0) throw new Error(`A secret is in ${found.join(', ')}`);
	const bytes = texts.reduce((sum, text) => sum + text.length, 0);
	print(
		`    ${secrets.length} secrets looked for in ${files.length} files, ${bytes} bytes: none found`,
	);
}
