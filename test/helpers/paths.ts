import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import * as path from 'node:path';

/** The project's root folder. */
export const ROOT = path.join(__dirname, '..', '..');

interface PackageJson {
	name: string;
	devDependencies: Record<string, string>;
}

export const PACKAGE = JSON.parse(
	readFileSync(path.join(ROOT, 'package.json'), 'utf8'),
) as PackageJson;

/** Where n8n and other large parts are kept between runs, outside the tree. */
export const CACHE =
	process.env.E2E_CACHE ??
	path.join(process.env.XDG_CACHE_HOME ?? path.join(homedir(), '.cache'), PACKAGE.name);
