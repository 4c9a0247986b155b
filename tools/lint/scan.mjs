import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { installTools } from '../install.mjs';

// npm run scan: the scanner that n8n runs on a published package, on the sources and on the packed tarball, without the
// download and the provenance check that come before it. It ends with a proof that it would have found something.
const root = path.resolve(import.meta.dirname, '../..');
const tarballPatterns = ['**/*.js', 'package.json'];
const mayBePacked =
	/^(package\.json|README\.md|LICENSE\.md|CHANGELOG\.md|dist\/(nodes|credentials)\/.+\.(js|node\.json|svg|png)|dist\/nodes\/\w+\/__schema__\/.+\.json)$/;

installTools(import.meta.dirname);
const temp = mkdtempSync(path.join(tmpdir(), 'scan-'));
process.env.TMPDIR = temp; // where the scanner makes a directory as soon as it is imported
try {
	const { analyzePackage, SOURCE_FILE_PATTERNS } =
		await import('@n8n/scan-community-package/scanner/scanner.mjs');
	const { directory: packed, files, size } = pack();
	const legs = [
		['sources', () => findings(root, SOURCE_FILE_PATTERNS)],
		[
			`packed tarball (${files.length} files, ${size} bytes)`,
			() => findings(packed, tarballPatterns),
		],
		['nothing else is packed', () => files.filter((file) => !mayBePacked.test(file)).join('\n')],
		[
			'planted in a copy of the sources: found',
			() => missed(plantInSources(), SOURCE_FILE_PATTERNS),
		],
		[
			'planted in a copy of the tarball: found',
			() => missed(plantInTarball(packed), tarballPatterns),
		],
	];
	for (const [name, details] of legs) {
		const found = await details();
		console.log(`${found ? 'FAIL' : 'PASS'} ${name}`);
		if (found) {
			console.log(found);
			process.exitCode = 1;
		}
	}

	async function findings(directory, patterns) {
		const { passed, message, details } = await analyzePackage(directory, patterns);
		// The scanner calls an empty selection passed, with a message.
		return passed && !message ? '' : (details ?? message);
	}

	async function missed({ directory, rules }, patterns) {
		const found = await findings(directory, patterns);
		const notFound = rules.filter((rule) => !found.includes(rule));
		return notFound.length > 0 ? `The scanner did not report ${notFound.join(', ')}` : '';
	}
} finally {
	rmSync(temp, { recursive: true, force: true });
}

function pack() {
	const output = execFileSync(
		'npm',
		['pack', '--json', '--ignore-scripts', '--pack-destination', temp],
		{
			cwd: root,
			encoding: 'utf8',
			shell: process.platform === 'win32',
			stdio: ['ignore', 'pipe', 'ignore'],
		},
	);
	const answer = JSON.parse(output);
	// npm 11.8 and later answer an object by package name, earlier ones a list.
	const [tarball] = Array.isArray(answer) ? answer : Object.values(answer);
	execFileSync('tar', ['-xzf', tarball.filename], { cwd: temp });
	return {
		directory: path.join(temp, 'package'),
		files: tarball.files.map((file) => file.path),
		size: tarball.size,
	};
}

function plantInSources() {
	const directory = path.join(temp, 'planted-sources');
	for (const part of ['package.json', 'nodes', 'credentials']) {
		cpSync(path.join(root, part), path.join(directory, part), { recursive: true });
	}
	writeFileSync(
		path.join(directory, 'nodes/planted.ts'),
		"// eslint-disable-next-line no-console -- must not help\nimport { readFileSync } from 'node:fs';\nconsole.log(process.env, readFileSync);\n",
	);
	return {
		directory,
		rules: [
			'no-restricted-imports',
			'no-restricted-globals',
			'no-console',
			plantDependency(directory),
		],
	};
}

function plantInTarball(packed) {
	const directory = path.join(temp, 'planted-tarball');
	cpSync(packed, directory, { recursive: true });
	mkdirSync(path.join(directory, 'dist/nodes'), { recursive: true });
	writeFileSync(path.join(directory, 'dist/nodes/planted.js'), "eval('process.env');\n");
	return { directory, rules: ['no-dangerous-functions', plantDependency(directory)] };
}

/** Returns the name of the rule that a run-time dependency breaks. */
function plantDependency(directory) {
	const file = path.join(directory, 'package.json');
	const manifest = JSON.parse(readFileSync(file, 'utf8'));
	writeFileSync(file, JSON.stringify({ ...manifest, dependencies: { 'left-pad': '1.3.0' } }));
	return 'no-runtime-dependencies';
}
