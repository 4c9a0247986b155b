import { Stryker } from '@stryker-mutator/core';
import path from 'node:path';

// Started by run.mjs, in the repository's root, when what it imports is installed.
const here = import.meta.dirname;
const { paths, tests, slow, statics, concurrency } = JSON.parse(process.argv[2]);

/** Where all that a run leaves is kept; neither git nor the linters look there. */
const LEFT = 'coverage/mutants';
const FAST = ['unit', 'api', 'nodes', 'vaults'];
/** What can't pass in the sandbox: it has neither n8n's own nodes nor a build, and its sources are longer. */
const NOT_IN_SANDBOX = ['unit/layers', 'nodes/httpRequestNode', 'nodes/description'];

await new Stryker({
	mutate: paths.map((one) => (one.endsWith('.ts') ? one : `${one}/**/*.ts`)),
	testRunner: 'file-by-file',
	plugins: [path.join(here, 'plugin.mjs'), '@stryker-mutator/jest-runner', '@stryker-mutator/typescript-checker'],
	checkers: ['typescript'],
	ignorers: ['texts'],
	reporters: ['progress-append-only', 'report'],
	coverageAnalysis: 'perTest',
	ignoreStatic: !statics,
	incremental: true,
	incrementalFile: `${LEFT}/incremental.json`,
	tempDirName: `${LEFT}/sandbox`,
	cleanTempDir: 'always',
	ignorePatterns: ['.ci', 'coverage', 'dist', 'docs', 'tools', 'workflows', 'bench'],
	concurrency,
	// A worker that loads the same files again and again grows.
	maxTestRunnerReuse: 200,
	dryRunTimeoutMinutes: 15,
	jest: {
		config: {
			testMatch: (slow ? [...FAST, 'promises'] : FAST).map((folder) => `**/test/${folder}/**/*.test.ts`),
			testPathIgnorePatterns: NOT_IN_SANDBOX,
			testEnvironment: path.join(here, 'oneRealm.cjs'),
			runtime: path.join(here, 'oneRealmRuntime.cjs'),
		},
	},
	testFiles: tests,
}).runMutationTest();
