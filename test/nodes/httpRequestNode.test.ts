import type { Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { IDataObject, IExecuteFunctions, INode, ITaskData } from 'n8n-workflow';
import { useAccount } from '../helpers/account';
import { runWorkflow, taskOf, typesOfAll, typesOfN8n } from '../helpers/engine';
import { credentialsOf, sources } from '../helpers/node';
import { nodeThat, typeNamed } from '../helpers/nodeTypes';
import { leaksIn } from '../helpers/scanner';

/**
 * The credentials in the hands of others: n8n's HTTP Request node and the helpers that it calls. They
 * go to the origin of their Base URL, in a way that nobody reads on, and nowhere else.
 */

const account = useAccount({ tunnels: 1, seed: 1 });

/** A server of somebody else, and the proxy that somebody set up. */
let other: Server;
let origin: string;
let seen: string[];

beforeEach(async () => {
	seen = [];
	other = createServer((request, response) => {
		seen.push(`${request.method} ${request.url} ${JSON.stringify(request.headers)}`);
		response.end('{}');
	});
	other.on('connect', (request, socket) => {
		seen.push(`CONNECT ${request.url} ${JSON.stringify(request.headers)}`);
		socket.end();
	});
	await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
	origin = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
});
afterEach(async () => {
	other.closeAllConnections();
	await new Promise((resolve) => other.close(resolve));
});

const TYPES = ['cloudflareMagicTokenApi', 'cloudflareMagicKeyApi'];

const list = () => `${account().url}/accounts/${account().accountId}/magic/ipsec_tunnels`;

function expectNoSecretGone(task: ITaskData) {
	expect(leaksIn([seen, task], [account().apiToken, account().apiKey])).toEqual([]);
}

describe.each(TYPES)("n8n's HTTP Request node with %s", (type) => {
	async function request(parameters: IDataObject): Promise<ITaskData> {
		const node: INode = {
			id: 'http',
			name: 'HTTP Request',
			type: 'n8n-nodes-base.httpRequest',
			typeVersion: 4.2,
			position: [0, 0],
			parameters: {
				method: 'GET',
				authentication: 'predefinedCredentialType',
				nodeCredentialType: type,
				options: {},
				...parameters,
			} as never,
			credentials: { [type]: { id: '1', name: 'Cloudflare' } },
		};
		const run = await runWorkflow(
			{ nodes: [node], connections: {} },
			{ types: typesOfAll(sources, typesOfN8n()), credentials: credentialsOf(account()) },
		);
		return taskOf(run, node.name);
	}

	it('reads the tunnels at its own origin', async () => {
		const { data, error } = await request({ url: list() });
		expect(error).toBeUndefined();
		expect(data!.main![0]![0]!.json).toMatchObject({ success: true });
	});

	const AWAY: Array<[string, () => IDataObject]> = [
		['another origin', () => ({ url: `${origin}/x` })],
		['another port', () => ({ url: list().replace(/:\d+/, ':1') })],
		['another scheme', () => ({ url: list().replace('http:', 'https:') })],
		[
			'a user name before another host',
			() => ({ url: `${account().origin}@${origin.slice(7)}/x` }),
		],
		['a proxy', () => ({ url: list(), options: { proxy: origin } })],
		[
			'no check of certificates',
			() => ({ url: list(), options: { allowUnauthorizedCerts: true } }),
		],
	];

	it.each(AWAY)('is refused for %s', async (_, parameters) => {
		const task = await request(parameters());
		expect(task.error?.message).toBeDefined();
		expect(seen).toEqual([]);
		expect(account().requests).toEqual([]);
		expectNoSecretGone(task);
	});

	it.each([301, 302, 303, 307, 308])('follows no redirect (%i)', async (status) => {
		account().faults.add({ kind: 'redirect', location: `${origin}/x`, status, times: 'always' });
		const redirect = { redirect: { followRedirects: true, maxRedirects: 21 } };
		const task = await request({ url: list(), options: { redirect } });
		expect(seen).toEqual([]);
		expectNoSecretGone(task);
	});

	it('is refused for a next page at another origin', async () => {
		account().faults.add({
			kind: 'rewrite',
			change: (body) => ({ ...(body as object), next: `${origin}/next` }),
			times: 'always',
		});
		const pagination = {
			paginationMode: 'responseContainsNextURL',
			nextURL: '={{ $response.body.next }}',
			paginationCompleteWhen: 'other',
			completeExpression: '={{ $pageCount > 2 }}',
		};
		const task = await request({ url: list(), options: { pagination: { pagination } } });
		expect(account().requests).toHaveLength(1);
		expect(seen).toEqual([]);
		expectNoSecretGone(task);
	});
});

/** A node of somebody else that calls one of n8n's helpers with the credential. */
describe.each(TYPES)('a helper of n8n with %s', (type) => {
	type Helper = 'requestWithAuthentication' | 'httpRequestWithAuthentication';
	const HELPERS: Helper[] = ['requestWithAuthentication', 'httpRequestWithAuthentication'];

	async function call(helper: Helper, options: IDataObject): Promise<ITaskData> {
		const stranger = nodeThat(
			async function (this: IExecuteFunctions) {
				const send = this.helpers[helper] as (...all: unknown[]) => Promise<unknown>;
				const answer = await send.call(this, type, { method: 'GET', json: true, ...options });
				return [[{ json: { answer } as IDataObject }]];
			},
			{ credentials: [{ name: type, required: true }] },
		);
		const node: INode = {
			id: 'stranger',
			name: 'Stranger',
			type: 'stranger',
			typeVersion: 1,
			position: [0, 0],
			parameters: {},
			credentials: { [type]: { id: '1', name: 'Cloudflare' } },
		};
		const run = await runWorkflow(
			{ nodes: [node], connections: {} },
			{
				types: typesOfAll(typeNamed('stranger', stranger), sources),
				credentials: credentialsOf(account()),
			},
		);
		return taskOf(run, 'Stranger');
	}

	it.each([
		['requestWithAuthentication', 'url'],
		['requestWithAuthentication', 'uri'],
		['httpRequestWithAuthentication', 'url'],
	] as Array<[Helper, string]>)('%s reads at its own origin by %s', async (helper, field) => {
		const { data, error } = await call(helper, { [field]: list() });
		expect(error).toBeUndefined();
		expect(data!.main![0]![0]!.json.answer).toMatchObject({ success: true });
	});

	const AWAY: Array<[string, () => IDataObject]> = [
		['another origin', () => ({ url: `${origin}/x` })],
		['another origin, as uri', () => ({ uri: `${origin}/x` })],
		['two places', () => ({ url: list(), uri: `${origin}/x` })],
		['two places, the other way round', () => ({ uri: list(), url: `${origin}/x` })],
		['a base of another origin', () => ({ baseURL: origin, url: '/x' })],
		['an address that leaves its base', () => ({ baseURL: account().origin, url: `${origin}/x` })],
		['an address without a scheme', () => ({ baseURL: account().origin, url: origin.slice(5) })],
		['no address', () => ({})],
		['a proxy', () => ({ url: list(), proxy: origin })],
		[
			'a proxy by its parts',
			() => ({
				url: list(),
				proxy: { protocol: 'http', host: '127.0.0.1', port: Number(new URL(origin).port) },
			}),
		],
		['no check of certificates', () => ({ url: list(), skipSslCertificateValidation: true })],
		['no check of certificates, older', () => ({ url: list(), rejectUnauthorized: false })],
	];

	it.each(
		HELPERS.flatMap((helper) => AWAY.map(([name, options]) => [helper, name, options] as const)),
	)('%s is refused for %s', async (helper, _, options) => {
		const task = await call(helper, options());
		expect(task.error?.message).toBeDefined();
		expect(seen).toEqual([]);
		expect(account().requests).toEqual([]);
		expectNoSecretGone(task);
	});

	it.each(HELPERS)('%s follows no redirect', async (helper) => {
		account().faults.add({ kind: 'redirect', location: `${origin}/x`, times: 'always' });
		const task = await call(helper, {
			url: list(),
			followRedirect: true,
			followAllRedirects: true,
			maxRedirects: 5,
			disableFollowRedirect: false,
		});
		expect(seen).toEqual([]);
		expectNoSecretGone(task);
	});
});
