import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import * as path from 'node:path';
import { CACHE } from '../../helpers/paths';
import { print, secondsSince } from '../../helpers/print';
import { runCommand } from '../../helpers/processes';

/** A command of an installation, run in the folder that is being made. */
export interface Step {
	command: string;
	args: readonly string[];
	/** Asked for when the step is due: it may take an installation of its own. */
	env?: () => Promise<NodeJS.ProcessEnv>;
}

export interface Recipe {
	name: string;
	version: string;
	/** What goes into the folder's package.json. */
	packageJson: object;
	steps: readonly Step[];
	/** For people: what is installed and how long it takes. */
	about: string;
}

/** Written last, so that a folder with it is complete; holds the recipe's hash. */
const MARKER = '.complete';

/** What a recipe installs; the environment of its steps names paths of a machine. */
function hashOf({ packageJson, steps }: Recipe): string {
	const commands = steps.map(({ command, args }) => [command, ...args]);
	return createHash('sha256')
		.update(JSON.stringify([packageJson, commands]))
		.digest('hex');
}

function isComplete(folder: string, hash: string): boolean {
	const marker = path.join(folder, MARKER);
	return existsSync(marker) && readFileSync(marker, 'utf8') === hash;
}

/** Installations of this process, by their folders. */
const installations = new Map<string, Promise<string>>();

/**
 * The folder in the cache that a recipe makes, installed if it is not there or if the recipe has
 * changed.
 *
 * @throws Error with the last lines of a step that fails
 */
export async function installOnce(recipe: Recipe): Promise<string> {
	const folder = path.join(CACHE, `${recipe.name}-${recipe.version}`);
	const known = installations.get(folder) ?? install(recipe, folder);
	installations.set(folder, known);
	return await known;
}

async function install(recipe: Recipe, folder: string): Promise<string> {
	const hash = hashOf(recipe);
	if (isComplete(folder, hash)) return folder;
	const partial = `${folder}.partial`;
	const started = Date.now();
	print(`Installing ${recipe.about} into ${folder}, once …`);
	rmSync(partial, { recursive: true, force: true });
	mkdirSync(partial, { recursive: true });
	writeFileSync(
		path.join(partial, 'package.json'),
		`${JSON.stringify({ private: true, ...recipe.packageJson }, null, '\t')}\n`,
	);
	for (const { command, args, env } of recipe.steps) {
		await runCommand({
			name: `${command} ${args.join(' ')}`,
			command,
			args,
			env: await env?.(),
			cwd: partial,
		});
	}
	writeFileSync(path.join(partial, MARKER), hash);
	rmSync(folder, { recursive: true, force: true });
	renameSync(partial, folder);
	print(`Installed ${recipe.name} ${recipe.version} in ${secondsSince(started)}.`);
	return folder;
}
