import { strict as assert } from 'node:assert';
import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import { browserMissing } from '../harness/browser';
import type { Part } from '../harness/part';
import { SCREENSHOTS, takeScreenshots } from '../harness/screenshots';

/** A picture of the editor has this much to show; an empty page is far smaller. */
const LEAST_BYTES = 15_000;

/** Width and height from the header of a PNG file. */
const sizeOf = (png: Buffer): [number, number] => [png.readUInt32BE(16), png.readUInt32BE(20)];

export const part: Part = {
	name: 'screenshots',
	about: "the documentation's pictures can be taken (npm run screenshots keeps them)",
	skipReason: browserMissing,
	async run(context) {
		const folder = context.folder('screenshots');
		const account = await context.account({ tunnels: 10 });
		const n8n = await context.n8n();
		await context.check('the pictures are taken', async () => {
			await takeScreenshots(n8n, account, folder);
		});
		for (const name of SCREENSHOTS) {
			await context.check(`${name} shows the editor`, () => {
				const png = readFileSync(path.join(folder, name));
				assert.equal(png.toString('latin1', 1, 4), 'PNG');
				assert.ok(sizeOf(png).every((length) => length >= 400));
				assert.ok(png.length > LEAST_BYTES, `only ${png.length} bytes`);
			});
		}
	},
};
