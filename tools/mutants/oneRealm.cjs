'use strict';

const { createRequire } = require('node:module');
const { mixinJestEnvironment } = require('@stryker-mutator/jest-runner');

// Jest from the tree under test: two copies of it would not know each other.
const { TestEnvironment } = createRequire(`${process.cwd()}/package.json`)('jest-environment-node');

/** What jest-circus leaves in the global object, where the next file would take it for its own. */
const LEFT_BY_JEST = ['EVENT_HANDLERS', 'TEST_TIMEOUT_SYMBOL', 'RETRY_TIMES'].map((name) => Symbol.for(name));

/**
 * A jest environment without a realm of its own, so that all test files share what they load from node_modules
 * (oneRealmRuntime.cjs): n8n-core takes seconds to load, and every mutant is tried by several files. After a file's first
 * failure its other tests are skipped, for one is enough to kill a mutant.
 */
class OneRealmEnvironment extends TestEnvironment {
	#hasFailed = false;

	constructor(config, context) {
		super(config, context);
		for (const name of LEFT_BY_JEST) delete globalThis[name];
		this.global = Object.assign(globalThis, config.projectConfig.globals);
	}

	async handleTestEvent(event) {
		if (event.name === 'test_start' && this.#hasFailed) event.test.mode = 'skip';
		if (event.name === 'test_done' && event.test.errors.length > 0) this.#hasFailed = true;
	}
}

module.exports = mixinJestEnvironment(OneRealmEnvironment);
