'use strict';

const { createRequire } = require('node:module');
const { compileFunction } = require('node:vm');

const { default: Runtime } = createRequire(`${process.cwd()}/package.json`)('jest-runtime');

/**
 * Jest's module loader, for oneRealm.cjs: it loads the project's own files anew for each test file, and every package once and for all.
 */
module.exports = class OneRealmRuntime extends Runtime {
	constructor(...parameters) {
		super(...parameters);
		this.executor.compile = (source, filename) =>
			compileFunction(source, this.executor.injectedModuleParameters, { filename });
	}

	requireModule(from, name, options, isRequireActual) {
		return isPackage(name) && !options?.isInternalModule
			? createRequire(from)(name)
			: super.requireModule(from, name, options, isRequireActual);
	}
};

function isPackage(name) {
	return name !== undefined && /^(@[^/]+\/)?[a-z]/.test(name);
}
