import { strict as assert } from 'node:assert';
import { execFileSync } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import * as path from 'node:path';
import { temporaryFolder, waitFor } from '../../../helpers/processes';
import type { Namespace } from '../../real/namespace';
import { connect, startNamespace } from '../../real/namespace';
import { streamDuring } from '../../real/stream';
import { attempt, Peer } from '../../real/strongswan';
import type { Site } from '../../../workflows/routers';
import { routerConfiguration, SITE as ANY_SITE } from '../../../workflows/routers';

/**
 * The swanctl.conf that workflows/onboard-sites.json writes, loaded unchanged by a real strongSwan.
 * The end-to-end suite calls this: it needs root, network namespaces and strongSwan.
 */

const PSK = 'a key # that "swanctl" } could misread, é';
const STREAM_MS = 1000;

const SITE: Site = {
	...ANY_SITE,
	// The name by which Peer finds the connection.
	site: 'cf',
	// What stands for a vault's client here.
	fetch: `printf %s '${PSK}'`,
};

interface Sides {
	folder: string;
	router: Namespace;
	edge: Namespace;
}

function peersOf({ folder, router, edge }: Sides): [Peer, Peer] {
	const customer = {
		folder: path.join(folder, 'router'),
		namespace: router,
		outer: SITE.customer_endpoint,
		identity: SITE.identity,
		inner: SITE.router_inside,
		initiates: true,
	};
	const cloudflare = {
		folder: path.join(folder, 'edge'),
		namespace: edge,
		outer: SITE.cloudflare_endpoint,
		identity: SITE.cloudflare_endpoint,
		inner: SITE.cloudflare_inside,
		initiates: false,
	};
	return [new Peer(customer, cloudflare), new Peer(cloudflare, customer)];
}

/** Runs the command by which the file has its key fetched. @returns the file that it writes */
function keyFileOf(text: string, folder: string): string {
	const [, command] = /^# {3}(\(umask .*)$/m.exec(text)!;
	execFileSync('bash', ['-c', command!.replace('/etc/swanctl/conf.d', folder)]);
	return path.join(folder, `${SITE.site}-key.conf`);
}

async function proveTunnel(sides: Sides, router: Peer, edge: Peer): Promise<void> {
	const { text } = await routerConfiguration('strongSwan', SITE);
	const file = path.join(sides.folder, 'site.conf');
	await writeFile(file, text, { mode: 0o600 });
	await edge.setKey(SITE.identity, PSK);
	await router.swanctl(
		'--load-creds',
		'--clear',
		'--noprompt',
		'--file',
		keyFileOf(text, sides.folder),
	);
	await router.swanctl('--load-conns', '--file', file);
	// The file has the connection start by itself.
	await waitFor('the tunnel', async () => (await edge.established()).length > 0, { seconds: 20 });
	const { fromFirst, fromSecond } = await streamDuring(
		{ namespace: sides.router, address: SITE.router_inside },
		{ namespace: sides.edge, address: SITE.cloudflare_inside },
		20,
		async () => await new Promise((resolve) => setTimeout(resolve, STREAM_MS)),
	);
	for (const { sent, lost } of [fromFirst, fromSecond]) {
		assert.ok(sent > 0 && lost.length === 0, `${lost.length} of ${sent} datagrams were lost`);
	}
	await edge.setKey(SITE.identity, 'another key');
	await router.swanctl('--terminate', '--ike', SITE.site);
	const again = await attempt(router.swanctl('--initiate', '--child', 'net', '--timeout', '20'));
	assert.ok(!again.succeeded, 'the tunnel came up with another key');
	assert.match(await edge.log(), /MAC mismatched/);
}

/**
 * Proves that the file, with the key that its own command fetches, brings the tunnel up, that data goes through it in both directions
 * and that another key is refused.
 *
 * @throws AssertionError for what is not so, and Error without root, namespaces or strongSwan
 */
export async function proveStrongSwanFile(): Promise<void> {
	const sides: Sides = {
		folder: temporaryFolder('site-file'),
		router: await startNamespace('router'),
		edge: await startNamespace('edge'),
	};
	const [router, edge] = peersOf(sides);
	try {
		await connect(
			{ namespace: sides.router, address: SITE.customer_endpoint },
			{ namespace: sides.edge, address: SITE.cloudflare_endpoint },
		);
		await Promise.all([router.start(true), edge.start(true)]);
		await proveTunnel(sides, router, edge);
	} finally {
		await Promise.all([router.stop(), edge.stop()]);
		await Promise.all([sides.router.stop(), sides.edge.stop()]);
		await rm(sides.folder, { recursive: true, force: true });
	}
}
