import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import * as path from 'node:path';
import { aptMissing } from './apt';
import { installOnce } from './cache';

/** What is used here of playwright-core, which is not a dependency of this project. */
export interface Locator {
	first(): Locator;
	last(): Locator;
	nth(index: number): Locator;
	filter(options: { hasText?: string | RegExp; has?: Locator }): Locator;
	locator(selector: string, options?: { hasText?: string | RegExp }): Locator;
	getByText(text: string | RegExp, options?: { exact?: boolean }): Locator;
	getByTestId(id: string | RegExp): Locator;
	click(options?: { button?: 'left' | 'right'; force?: boolean }): Promise<void>;
	dblclick(): Promise<void>;
	hover(): Promise<void>;
	fill(text: string): Promise<void>;
	count(): Promise<number>;
	isVisible(): Promise<boolean>;
	waitFor(options?: { state?: 'visible' | 'hidden' | 'attached' | 'detached' }): Promise<void>;
	allInnerTexts(): Promise<string[]>;
	innerText(): Promise<string>;
	inputValue(): Promise<string>;
	boundingBox(): Promise<Box | null>;
}

export interface Box {
	x: number;
	y: number;
	width: number;
	height: number;
}

interface Response {
	status(): number;
	url(): string;
}

interface ConsoleMessage {
	type(): string;
	text(): string;
	location(): { url: string };
}

export interface Page extends Pick<Locator, 'getByText' | 'getByTestId' | 'locator'> {
	goto(url: string): Promise<unknown>;
	on(event: 'response', listener: (response: Response) => void): void;
	on(event: 'console', listener: (message: ConsoleMessage) => void): void;
	on(event: 'pageerror', listener: (error: Error) => void): void;
	keyboard: { press(key: string): Promise<void>; type(text: string): Promise<void> };
	mouse: { click(x: number, y: number): Promise<void>; move(x: number, y: number): Promise<void> };
	screenshot(options: { path: string; clip?: Box }): Promise<unknown>;
	waitForURL(url: RegExp): Promise<void>;
	waitForTimeout(milliseconds: number): Promise<void>;
	setDefaultTimeout(milliseconds: number): void;
	url(): string;
}

interface ContextOptions {
	viewport: { width: number; height: number };
	deviceScaleFactor?: number;
	colorScheme?: 'light' | 'dark';
}

export interface Browser {
	newContext(options: ContextOptions): Promise<{ newPage(): Promise<Page> }>;
	close(): Promise<void>;
}

interface Playwright {
	selectors: { setTestIdAttribute(name: string): void };
	chromium: {
		launch(options: {
			executablePath: string;
			args: readonly string[];
			handleSIGINT: boolean;
		}): Promise<Browser>;
	};
}

const PLAYWRIGHT_VERSION = '1.65.1';

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

async function loadPlaywright(): Promise<Playwright> {
	const folder = await installOnce({
		name: 'playwright-core',
		version: PLAYWRIGHT_VERSION,
		about: 'playwright-core (some seconds, 9 MB)',
		packageJson: { dependencies: { 'playwright-core': PLAYWRIGHT_VERSION } },
		steps: [{ command: 'npm', args: ['install', '--ignore-scripts', '--no-audit', '--no-fund'] }],
	});
	return createRequire(path.join(folder, 'package.json'))('playwright-core') as Playwright;
}

/** Starts Chromium without a window and without calls home. */
export async function startBrowser(): Promise<Browser> {
	const executablePath = binary();
	if (executablePath === undefined) throw new Error('There is no Chromium on this machine');
	const { chromium, selectors } = await loadPlaywright();
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
