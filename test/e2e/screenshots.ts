import * as path from 'node:path';
import { browserMissing } from './harness/browser';
import { ROOT } from '../helpers/paths';
import { print } from '../helpers/print';
import { runMain } from '../helpers/processes';
import { takeScreenshots } from './harness/screenshots';
import { startAccount } from '../helpers/accountProcess';
import { Suite } from './harness/suite';

const FOLDER = path.join(ROOT, 'docs', 'images');

/** Takes the documentation's pictures anew, from the real editor. */
async function main(): Promise<number> {
	const missing = await browserMissing();
	if (missing !== undefined) throw new Error(missing);
	const n8n = await new Suite().n8n();
	await takeScreenshots(n8n, await startAccount({ tunnels: 10 }), FOLDER);
	print(`The pictures are in ${path.relative(process.cwd(), FOLDER)}`);
	return 0;
}

runMain(main);
