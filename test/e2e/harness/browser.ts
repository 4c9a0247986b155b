import { existsSync } from 'node:fs';
import type { Browser } from 'playwright-core';
import { chromium, selectors } from 'playwright-core';
import { aptMissing } from './apt';

const BINARIES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

function binary(): string | undefined {
	return [process.env.CHROMIUM_PATH ?? '', ...BINARIES].find((file) => existsSync(file));
}

/** Why there is no browser on this machine, after an attempt to install Debian's. */
export async function browserMissing(): Promise<string | undefined> {
	if (binary() !== undefined) return undefined;
	const reason = await aptMissing(['chromium', 'fonts-dejavu-core']);
	return reason === undefined ? undefined : `${reason} (or name a Chromium in CHROMIUM_PATH)`;
}

/** Starts Chromium without a window and without calls home. */
export async function startBrowser(): Promise<Browser> {
	const executablePath = binary();
	if (executablePath === undefined) throw new Error('There is no Chromium on this machine');
	// What n8n's editor calls its parts by.
	selectors.setTestIdAttribute('data-test-id');
	return await chromium.launch({
		executablePath,
		handleSIGINT: false,
		args: [
			'--headless',
			'--no-sandbox',
			'--disable-gpu',
			'--disable-quic',
			'--no-first-run',
			'--disable-background-networking',
			'--disable-component-update',
			'--disable-sync',
			'--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
		],
	});
}
