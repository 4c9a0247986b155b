'use strict';

const { createRequire, _extensions: extensions } = require('node:module');
const path = require('node:path');
const { interfaces, Suite, Test } = require('mocha');

// Of the tree under test, beside the test files that use them.
const requireFromRoot = createRequire(path.resolve('package.json'));
const { expect } = requireFromRoot('expect');
const { bind } = requireFromRoot('jest-each');
const { ModuleMocker } = requireFromRoot('jest-mock');

/** Milliseconds after which a test fails that a mutant made endless: far less than ending its process takes. */
const LONGEST_TEST = 10_000;

/**
 * What the test files find in the global object: that of jest, made for mocha. Mocha loads the files once and runs
 * their tests again for every mutant, which takes a tenth of the time that jest needs to load them each time.
 *
 * @param root the suite that gets a suite of its own for each file
 */
function jestInterface(root) {
	root.on('pre-require', (context, file) => {
		const suites = [suiteIn(root, path.relative('', file))];
		suites[0].timeout(LONGEST_TEST);

		const describe = (name, define) => {
			suites.unshift(suiteIn(suites[0], name));
			define();
			suites.shift();
		};
		const it = (name, run, timeout = LONGEST_TEST) => {
			const test = new Test(String(name), run);
			test.timeout(timeout);
			suites[0].addTest(test);
		};
		Object.assign(context, {
			describe: Object.assign(describe, { each: bind(describe, false) }),
			it: Object.assign(it, { each: bind(it) }),
			test: it,
			beforeAll: (run) => suites[0].beforeAll(run),
			beforeEach: (run) => suites[0].beforeEach(run),
			afterEach: (run) => suites[0].afterEach(run),
			afterAll: (run) => suites[0].afterAll(run),
			expect,
			jest: new ModuleMocker(globalThis),
		});
	});
}

function suiteIn(parent, name) {
	return Suite.create(parent, String(name));
}

// Stryker knows the names of mocha's own interfaces only.
interfaces.bdd = jestInterface;

// `x.node` means x.node.ts, as for jest, and not x.node.json beside it.
for (const name of ['.json', '.node']) {
	const load = extensions[name];
	delete extensions[name];
	extensions[name] = load;
}
