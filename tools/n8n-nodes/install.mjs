import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { installTools, runNpm } from '../install.mjs';

// n8n's own nodes, for tests of whole workflows. Their package drags in the clients of every service that n8n talks to, and
// install scripts that fetch binaries: so its tarball is unpacked alone, beside the few dependencies that the nodes in use need
// (package.json). n8n-workflow and n8n-core are found in the root's tree, so that both sides share one copy.
const VERSION = '2.41.1';
const INTEGRITY =
	'sha512-qc1lArqFRVpfXvRonHGhdVwmFrGOulIwKie+Hr5AwBzzOAwushvU+Ty3PSJYWs+C1L6FxpAmpAfiCgpjB/ldSQ==';

const here = import.meta.dirname;
const target = path.join(here, `n8n-nodes-base-${VERSION}`);

installTools(here);
if (!existsSync(target)) unpack();

function unpack() {
	console.log(`Unpacking n8n-nodes-base ${VERSION}`);
	const temp = mkdtempSync(path.join(here, '.unpack-'));
	try {
		const [packed] = JSON.parse(
			runNpm(['pack', `n8n-nodes-base@${VERSION}`, '--json', '--ignore-scripts'], { cwd: temp }),
		);
		if (packed.integrity !== INTEGRITY) {
			throw new Error(
				`n8n-nodes-base ${VERSION} is not the tarball that was checked: ${packed.integrity}`,
			);
		}
		mkdirSync(path.join(temp, 'package'), { recursive: true });
		execFileSync('tar', ['-xzf', packed.filename], { cwd: temp });
		renameSync(path.join(temp, 'package'), target);
	} finally {
		rmSync(temp, { recursive: true, force: true });
	}
}
