import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import type { ICredentialDataDecryptedObject } from 'n8n-workflow';
import { generate } from 'selfsigned';
import type { Flow } from '../crash/flow';
import { useAccount } from '../helpers/account';
import { PACKAGE_NAME } from '../helpers/engine';
import { bodyOf, forward, handOn } from '../helpers/forward';
import { credentialsOf, runNode } from '../helpers/node';
import { close, listen } from '../helpers/ports';
import { startProgram } from '../helpers/programs';
import { leaksIn } from '../helpers/scanner';
import type { Simulator } from '../simulator';

/**
 * Where credentials and keys go besides what the fault matrix looks at: to the logs and the outputs of
 * a process that runs a workflow, through proxies of the environment, and over http.
 */

const account = useAccount({ tunnels: 2, seed: 5 });

type Authentication = 'apiToken' | 'apiKey';
const SCHEMES: Authentication[] = ['apiToken', 'apiKey'];

const TYPES = { apiToken: 'cloudflareMagicTokenApi', apiKey: 'cloudflareMagicKeyApi' } as const;

/** Generates a key for every tunnel: a token goes out, keys come back. */
function flowOf(
	authentication: Authentication,
	credentials: Record<string, ICredentialDataDecryptedObject>,
): Flow {
	const node = (name: string, parameters: object) => ({
		id: name,
		name,
		type: `${PACKAGE_NAME}.cloudflareMagicIpsec`,
		typeVersion: 1,
		position: [0, 0] as [number, number],
		credentials: { [TYPES[authentication]]: { id: '1', name: 'Cloudflare' } },
		parameters: { authentication, options: {}, ...parameters } as never,
	});
	return {
		workflow: {
			nodes: [
				node('List', { resource: 'tunnel', operation: 'getAll', returnAll: true, filters: {} }),
				node('Generate', {
					resource: 'psk',
					operation: 'generate',
					tunnelId: { __rl: true, mode: 'id', value: '={{ $json.id }}' },
				}),
			],
			connections: { List: { main: [[{ node: 'Generate', type: 'main', index: 0 }]] } },
		},
		credentials,
	};
}

/** Runs a flow in a process of its own, to its end. Gives what that printed. */
async function printedBy(flow: Flow, env: NodeJS.ProcessEnv): Promise<string> {
	const child = startProgram({
		name: 'the flow',
		file: 'test/crash/child.ts',
		env,
		keptLines: Infinity,
		channel: true,
	});
	child.onMessage((step) => child.send(step === 'ready' ? flow : 'go'));
	const end = await child.ended;
	const printed = child.tail(Infinity);
	if (end !== 0) throw new Error(printed);
	return printed;
}

function secretsOf(simulator: Simulator): string[] {
	const keys = simulator.tunnels().flatMap(({ id }) => simulator.keyHistory(id));
	return [...keys.map(({ psk }) => psk), simulator.apiToken, simulator.apiKey];
}

function expectNewKeys(simulator: Simulator): void {
	for (const { id } of simulator.tunnels()) {
		expect(simulator.keyHistory(id).at(-1)?.by).toBe('pskGenerate');
	}
}

describe('what a process prints and logs', () => {
	it.each(SCHEMES)(
		'holds no key and no credential at the most talkative level (%s)',
		async (scheme) => {
			const simulator = account();
			const folder = mkdtempSync(path.join(tmpdir(), 'leaks-'));
			try {
				const printed = await printedBy(flowOf(scheme, credentialsOf(simulator)), {
					N8N_LOG_LEVEL: 'debug',
					N8N_LOG_OUTPUT: 'console,file',
					N8N_LOG_FILE_LOCATION: path.join(folder, 'n8n.log'),
					N8N_USER_FOLDER: folder,
				});
				expectNewKeys(simulator);
				const files = readdirSync(folder, { recursive: true, withFileTypes: true })
					.filter((entry) => entry.isFile())
					.map((entry) => readFileSync(path.join(entry.parentPath, entry.name), 'latin1'));
				// The logs must have been written, or nothing was looked at.
				expect(printed).toContain('Generate');
				expect(files.join('')).toContain('Generate');
				expect(leaksIn([printed, files], secretsOf(simulator))).toEqual([]);
			} finally {
				rmSync(folder, { recursive: true });
			}
		},
	);
});

/** A proxy as companies have: passes CONNECT and plain http on, and remembers all bytes that it saw. */
async function startProxy() {
	const seen: Buffer[] = [];
	const connects: string[] = [];
	const plain: string[] = [];
	const server = createServer((incoming: IncomingMessage, response) => {
		plain.push(incoming.url ?? '');
		seen.push(Buffer.from(JSON.stringify(incoming.headers)));
		response.writeHead(502).end();
	});
	server.on('connect', (incoming: IncomingMessage, client, head) => {
		connects.push(incoming.url ?? '');
		seen.push(Buffer.from(JSON.stringify(incoming.headers)), head);
		const [host, port] = (incoming.url ?? '').split(':');
		const upstream = connect(Number(port), host, () => {
			client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
			client.pipe(upstream).pipe(client);
		});
		client.on('data', (bytes: Buffer) => seen.push(bytes));
		upstream.on('data', (bytes: Buffer) => seen.push(bytes));
		// What becomes of one end becomes of the other: the server waits for both.
		for (const [one, other] of [
			[client, upstream],
			[upstream, client],
		] as const) {
			one.on('error', () => one.destroy());
			one.on('close', () => other.destroy());
		}
	});
	const port = await listen(server);
	return {
		url: `http://127.0.0.1:${port}`,
		connects,
		plain,
		bytes: () => Buffer.concat(seen).toString('latin1'),
		close: async () => await close(server),
	};
}

/** The simulated account behind https, as Cloudflare is. */
async function startTls(simulator: Simulator) {
	const { private: key, cert } = await generate([{ name: 'commonName', value: 'localhost' }], {
		extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: 'localhost' }] }],
	});
	const folder = mkdtempSync(path.join(tmpdir(), 'tls-'));
	const authority = path.join(folder, 'ca.pem');
	writeFileSync(authority, cert);
	const server = createTlsServer({ key, cert }, async (incoming, response) => {
		handOn(response, await forward(simulator.origin, incoming, await bodyOf(incoming)));
	});
	const port = await listen(server);
	return {
		authority,
		port,
		baseUrl: `https://localhost:${port}/client/v4`,
		async close() {
			await close(server);
			rmSync(folder, { recursive: true });
		},
	};
}

describe('a proxy of the environment', () => {
	it.each(SCHEMES)(
		'sees the host and port of the Base URL, and nothing inside (%s)',
		async (scheme) => {
			const simulator = account();
			const [proxy, tls] = await Promise.all([startProxy(), startTls(simulator)]);
			try {
				const credentials = credentialsOf(simulator, { baseUrl: tls.baseUrl });
				await printedBy(flowOf(scheme, credentials), {
					HTTPS_PROXY: proxy.url,
					HTTP_PROXY: proxy.url,
					NODE_EXTRA_CA_CERTS: tls.authority,
				});
				expectNewKeys(simulator);
				expect(new Set(proxy.connects)).toEqual(new Set([`localhost:${tls.port}`]));
				expect(proxy.plain).toEqual([]);
				expect(proxy.bytes().length).toBeGreaterThan(1_000);
				expect(leaksIn(proxy.bytes(), secretsOf(simulator))).toEqual([]);
			} finally {
				await Promise.all([proxy.close(), tls.close()]);
			}
		},
	);

	it('sees no plain http where NO_PROXY names loopback, as the README asks for', async () => {
		const simulator = account();
		const proxy = await startProxy();
		try {
			await printedBy(flowOf('apiToken', credentialsOf(simulator)), {
				HTTP_PROXY: proxy.url,
				NO_PROXY: '127.0.0.1,localhost',
			});
			expectNewKeys(simulator);
			expect([proxy.connects, proxy.plain]).toEqual([[], []]);
		} finally {
			await proxy.close();
		}
	});
});

describe('plain http', () => {
	it.each(SCHEMES)('is refused before anything is sent (%s)', async (authentication) => {
		const simulator = account();
		const { port } = new URL(simulator.url);
		// All of these would reach the simulated account, or somebody else's.
		for (const host of [
			'0.0.0.0',
			'[::ffff:127.0.0.1]',
			'localhost.',
			'127.0.0.1.nip.io',
			'2130706433.example.com',
		]) {
			const { error } = await runNode({
				credentials: credentialsOf(simulator, { baseUrl: `http://${host}:${port}/client/v4` }),
				parameters: { authentication, resource: 'tunnel', operation: 'getAll', returnAll: true },
			});
			expect({ host, message: error?.message }).toEqual({
				host,
				message: "The credential can't be used",
			});
			expect(leaksIn(error, secretsOf(simulator))).toEqual([]);
		}
		expect(simulator.requests).toEqual([]);
	});
});
