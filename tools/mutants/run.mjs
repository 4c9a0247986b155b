import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { installTools } from '../install.mjs';

// npm run mutants -- PATH…: what small faults in these files or folders of nodes/ no test notices.
const here = import.meta.dirname;
const root = path.resolve(here, '../..');

const USAGE = `npm run mutants -- PATH… [--tests PATTERN]… [--slow] [--statics] [--types] [--force] [--concurrency N]

PATH             a file or folder of nodes/
--tests PATTERN  only these test files, such as test/nodes/psk*.test.ts
--slow           the slow suites of test/promises as well
--statics        mutants in what runs once, while a file is loaded, as well
--types          leave out mutants that do not compile; this takes about as long as the tests
--force          do not use what earlier runs found of what has not changed
--concurrency N  processes side by side (1)`;

/** Where all that a run leaves is kept; neither git nor the linters look there. */
const LEFT = 'coverage/mutants';
const FOLDERS = ['unit', 'api', 'nodes', 'vaults', 'promises'];
/** What can't pass: the sandbox has longer sources, and neither a build nor n8n's own nodes; mocha mocks no modules. */
const NOT_IN_SANDBOX = [
	'unit/layers',
	'nodes/httpRequestNode',
	'nodes/description',
	'nodes/triggerVersions',
];
const SLOW = ['promises/faults', 'promises/propertyBased', 'promises/*Histories', 'promises/leaks'];

const { values, positionals } = parseArgs({
	allowPositionals: true,
	options: {
		tests: { type: 'string', multiple: true, default: [] },
		slow: { type: 'boolean', default: false },
		statics: { type: 'boolean', default: false },
		types: { type: 'boolean', default: false },
		force: { type: 'boolean', default: false },
		concurrency: { type: 'string', default: '1' },
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
	return {
		mutate: positionals.map((one) => (one.endsWith('.ts') ? one : path.join(one, '**/*.ts'))),
		testFiles:
			values.tests.length > 0
				? values.tests
				: FOLDERS.map((folder) => `test/${folder}/**/*.test.ts`),
		testRunner: 'mocha',
		plugins: [
			path.join(here, 'plugin.mjs'),
			'@stryker-mutator/mocha-runner',
			'@stryker-mutator/typescript-checker',
		],
		checkers: values.types ? ['typescript'] : [],
		ignorers: ['texts'],
		reporters: ['progress-append-only', 'report'],
		coverageAnalysis: 'perTest',
		ignoreStatic: !values.statics,
		incremental: true,
		force: values.force,
		incrementalFile: `${LEFT}/${createHash('sha256').update(positionals.join()).digest('hex').slice(0, 12)}.json`,
		tempDirName: `${LEFT}/sandbox`,
		cleanTempDir: 'always',
		ignorePatterns: ['.ci', 'bench', 'coverage', 'dist', 'docs', 'tools', 'workflows'],
		concurrency: Number(values.concurrency),
		dryRunTimeoutMinutes: 15,
		// The machine may do other things as well.
		timeoutMS: 8_000,
		mochaOptions: {
			require: [
				createRequire(path.join(root, 'package.json')).resolve('tsx/cjs'),
				path.join(here, 'jestInterface.cjs'),
			],
			ignore: (values.slow ? NOT_IN_SANDBOX : [...NOT_IN_SANDBOX, ...SLOW]).map(
				(name) => `test/${name}.test.ts`,
			),
			'no-config': true,
			'no-package': true,
		},
	};
}
