import path from 'node:path';
import { parseArgs } from 'node:util';
import { installTools } from '../install.mjs';

// npm run mutants -- PATH…: what small faults in these files or folders of nodes/ no test notices.
const here = import.meta.dirname;
const root = path.resolve(here, '../..');

const USAGE = `npm run mutants -- PATH… [--tests PATTERN]… [--slow] [--statics] [--force] [--concurrency N]

PATH             a file or folder of nodes/
--tests PATTERN  only these test files, such as test/nodes/psk*.test.ts
--slow           the slow suites of test/promises as well
--statics        mutants in what runs once, while a file is loaded, as well
--force          do not use what earlier runs found of what has not changed
--concurrency N  processes side by side (2: one for the types, one for the tests)`;

/** Where all that a run leaves is kept; neither git nor the linters look there. */
const LEFT = 'coverage/mutants';
const FOLDERS = ['unit', 'api', 'nodes', 'vaults', 'promises'];
/** What can't pass in the sandbox: it has longer sources, and neither a build nor n8n's own nodes. */
const NOT_IN_SANDBOX = ['unit/layers', 'nodes/httpRequestNode', 'nodes/description'];
const SLOW = ['faults', 'propertyBased', 'rotationHistories', 'triggerHistories', 'leaks', 'scanner'];

const { values, positionals } = parseArgs({
	allowPositionals: true,
	options: {
		tests: { type: 'string', multiple: true, default: [] },
		slow: { type: 'boolean', default: false },
		statics: { type: 'boolean', default: false },
		force: { type: 'boolean', default: false },
		concurrency: { type: 'string', default: '2' },
	},
});

if (positionals.length === 0) {
	console.log(USAGE);
	process.exitCode = 2;
} else {
	installTools(here);
	const { Stryker } = await import('@stryker-mutator/core');
	process.chdir(root);
	await new Stryker(options()).runMutationTest();
}

function options() {
	const slow = values.slow ? [] : SLOW.map((name) => `promises/${name}`);
	return {
		mutate: positionals.map((one) => (one.endsWith('.ts') ? one : path.join(one, '**/*.ts'))),
		testFiles: values.tests,
		testRunner: 'file-by-file',
		plugins: [
			path.join(here, 'plugin.mjs'),
			'@stryker-mutator/jest-runner',
			'@stryker-mutator/typescript-checker',
		],
		// A mutant that does not compile is none.
		checkers: ['typescript'],
		ignorers: ['texts'],
		reporters: ['progress-append-only', 'report'],
		coverageAnalysis: 'perTest',
		ignoreStatic: !values.statics,
		incremental: true,
		force: values.force,
		incrementalFile: `${LEFT}/incremental.json`,
		tempDirName: `${LEFT}/sandbox`,
		cleanTempDir: 'always',
		ignorePatterns: ['.ci', 'bench', 'coverage', 'dist', 'docs', 'tools', 'workflows'],
		concurrency: Number(values.concurrency),
		// A worker grows with every file that it loads anew.
		maxTestRunnerReuse: 200,
		dryRunTimeoutMinutes: 15,
		jest: {
			config: {
				testMatch: [`**/test/(${FOLDERS.join('|')})/**/*.test.ts`],
				testPathIgnorePatterns: [...NOT_IN_SANDBOX, ...slow],
				testEnvironment: path.join(here, 'oneRealm.cjs'),
				runtime: path.join(here, 'oneRealmRuntime.cjs'),
			},
		},
	};
}
