'use strict';

const { existsSync } = require('node:fs');
const { rm } = require('node:fs/promises');
const { spawn } = require('node:child_process');
const path = require('node:path');
const { dest, parallel, series, src, watch } = require('gulp');

const root = __dirname;
const sources = '{nodes,credentials}/**/*.ts';
const assets = [
	'{nodes,credentials}/**/*.{svg,png,node.json}',
	// What n8n's editor knows of a node's output before it has run.
	'nodes/**/__schema__/**/*.json',
];

function clean() {
	return rm(path.join(root, 'dist'), { recursive: true, force: true });
}

function compile(done) {
	const tsc = spawn(process.execPath, [require.resolve('typescript/bin/tsc')], {
		cwd: root,
		stdio: 'inherit',
	});
	tsc.once('error', done);
	tsc.once('close', (code) => done(code === 0 ? null : new Error('TypeScript found errors')));
}

function copyAssets() {
	return src(assets, { cwd: root, base: root, encoding: false }).pipe(
		dest(path.join(root, 'dist')),
	);
}

/**
 * Loads what package.json promises to n8n, the way n8n does, so that a wrong path, a class under another name or a missing
 * icon or codex file stops the build and not an instance that installs the package.
 */
async function check() {
	const { credentials, nodes } = require('./package.json').n8n;
	const problems = [
		...credentials.flatMap((file) => problemsOf(file, '.credentials.js', problemsOfCredential)),
		...nodes.flatMap((file) => problemsOf(file, '.node.js', problemsOfNode)),
	];
	if (problems.length > 0)
		throw new Error(`The built package is not fit for n8n:\n- ${problems.join('\n- ')}`);
}

function problemsOf(file, ending, problemsOfInstance) {
	const fullPath = path.join(root, file);
	if (!existsSync(fullPath)) return [`${file} is named in package.json but was not built`];
	if (!file.endsWith(ending)) return [`${file} does not end in ${ending}`];
	try {
		const className = path.basename(file, ending);
		const exported = require(fullPath)[className];
		if (typeof exported !== 'function') return [`${file} does not export a class ${className}`];
		return problemsOfInstance(new exported(), fullPath).map((problem) => `${file}: ${problem}`);
	} catch (error) {
		return [`${file} cannot be loaded: ${error.stack}`];
	}
}

function problemsOfCredential(credential, file) {
	return [
		...(credential.name ? [] : ['the credential has no name']),
		...problemsOfIcon(credential.icon, file),
	];
}

function problemsOfNode(node, file) {
	if (!node.description?.name) return ['the node has no description with a name'];
	return [...problemsOfIcon(node.description.icon, file), ...problemsOfCodex(node, file)];
}

function problemsOfIcon(icon, file) {
	const icons = typeof icon === 'string' ? [icon] : Object.values(icon ?? {});
	if (icons.length === 0) return ['no icon'];
	return icons
		.filter((name) => name.startsWith('file:'))
		.map((name) => path.join(path.dirname(file), name.slice('file:'.length)))
		.filter((iconFile) => !existsSync(iconFile))
		.map((iconFile) => `the icon ${path.relative(root, iconFile)} is missing`);
}

function problemsOfCodex(node, file) {
	const codexFile = file.replace(/\.js$/, '.json');
	if (!existsSync(codexFile))
		return [`the codex file ${path.relative(root, codexFile)} is missing`];
	const expected = `${require('./package.json').name}.${node.description.name}`;
	const codex = require(codexFile);
	return codex.node === expected
		? []
		: [`its codex file is for ${codex.node}, not for ${expected}`];
}

const build = series(clean, parallel(compile, copyAssets), check);

exports.build = build;
// Goes on after an error: whoever works on a file breaks it now and then.
exports.watch = series(build, () => {
	watch([sources, ...assets], { cwd: root }, series(compile, copyAssets));
	return new Promise(() => {});
});
exports.default = build;
