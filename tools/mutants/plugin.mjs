import {
	commonTokens,
	declareClassPlugin,
	declareFactoryPlugin,
	declareValuePlugin,
	PluginKind,
	tokens,
} from '@stryker-mutator/api/plugin';
import { DryRunStatus, MutantRunStatus } from '@stryker-mutator/api/test-runner';
import { strykerPlugins as jestPlugins } from '@stryker-mutator/jest-runner';
import { readFileSync, writeFileSync } from 'node:fs';
import { Report } from './report.mjs';

// What Stryker loads from here, in each of its processes.

/** Where the process that ran the tests unchanged tells the others what is in which file; in the sandbox. */
const TEST_FILES = '.testFiles.json';

/**
 * Stryker's jest runner, but one file at a time and the fastest first, up to the first that kills the mutant. By itself it
 * loads all test files that import the mutated one, for each mutant, even if only one of them has a test that reaches it.
 */
class FileByFile {
	#jest;
	#testFile;
	#suites = [];
	#files;

	constructor(jest) {
		this.#jest = jest;
	}

	async init() {
		await this.#jest.init();
		// Private in TypeScript only; package.json names the exact version.
		const { jestTestAdapter } = this.#jest;
		this.#jest.jestTestAdapter = {
			run: async (settings) => {
				const testFiles = this.#testFile === undefined ? settings.testFiles : [this.#testFile];
				const result = await jestTestAdapter.run({ ...settings, testFiles });
				this.#suites = result.results.testResults;
				return result;
			},
		};
	}

	capabilities() {
		return this.#jest.capabilities();
	}

	async dryRun(options) {
		const result = await this.#jest.dryRun(options);
		if (result.status !== DryRunStatus.Complete) return result;
		const files = this.#suites.map(({ testFilePath, testResults, perfStats }) => ({
			file: testFilePath,
			names: testResults.map(({ fullName }) => fullName),
			ms: perfStats.runtime,
		}));
		writeFileSync(TEST_FILES, JSON.stringify(files));
		return { ...result, tests: result.tests.map((test) => withShareOfLoading(test, files)) };
	}

	async mutantRun(options) {
		this.#files ??= JSON.parse(readFileSync(TEST_FILES, 'utf8')).sort((a, b) => a.ms - b.ms);
		const wanted = new Set(options.testFilter);
		let nrOfTests = 0;
		for (const { file, names } of this.#files) {
			if (options.testFilter && !names.some((name) => wanted.has(name))) continue;
			this.#testFile = file;
			const result = await this.#jest.mutantRun(options);
			if (result.status !== MutantRunStatus.Survived) return result;
			nrOfTests += result.nrOfTests;
		}
		return { status: MutantRunStatus.Survived, nrOfTests };
	}
}

/**
 * Stryker adds to every mutant's time limit what the whole first run took besides its tests, which is far too long for the
 * endless ones: so a file's loading is counted as part of its tests.
 */
function withShareOfLoading(test, files) {
	const { ms, names } = files.find(({ file }) => file === test.fileName);
	return { ...test, timeSpentMs: Math.max(test.timeSpentMs, ms / names.length) };
}

function fileByFile(injector) {
	const [{ factory }] = jestPlugins;
	return new FileByFile(injector.injectFunction(factory));
}
fileByFile.inject = tokens(commonTokens.injector);

/** What a person reads in the editor or in an error, by the name of its property. */
const TEXTS = new Set([
	'action',
	'description',
	'displayName',
	'hint',
	'notice',
	'placeholder',
	'subtitle',
]);

const texts = {
	shouldIgnore(path) {
		const { key, value } = path.isObjectProperty() ? path.node : {};
		return TEXTS.has(key?.name) && value.type === 'StringLiteral'
			? 'a text of the editor'
			: undefined;
	},
};

export const strykerPlugins = [
	declareFactoryPlugin(PluginKind.TestRunner, 'file-by-file', fileByFile),
	declareClassPlugin(PluginKind.Reporter, 'report', Report),
	declareValuePlugin(PluginKind.Ignore, 'texts', texts),
];
