import {
	createPolicy,
	createWebhook,
	deletePolicy,
	deleteWebhook,
	getPolicy,
	getWebhook,
	listAlertHistory,
	listPolicies,
	listWebhooks,
} from '../../nodes/api/alerting';
import { CloudflareClient } from '../../nodes/api/client';
import { effectOf } from '../../nodes/api/failure';
import {
	createIpsecTunnel,
	deleteIpsecTunnel,
	getIpsecTunnel,
	listIpsecTunnels,
	updateIpsecTunnel,
	updateIpsecTunnels,
} from '../../nodes/api/ipsecTunnels';
import { generatePsk, setPsks } from '../../nodes/api/psks';
import type { HttpRequest, Transport } from '../../nodes/http/transport';
import { useVirtualClock } from '../helpers/virtualClock';

/** What each call asks of the transport, and when it is sent again; over real sockets in sdk*.test.ts. */

useVirtualClock();

const ID = 'ab'.repeat(16);
const BODY = { name: 'x' } as never;
const HISTORY = { since: '2026-11-21T10:00:00Z', page: 1, per_page: 5 };
const WEBHOOK = { name: 'x', url: 'https://n8n.example.com/', secret: 's' };

type Answer = Awaited<ReturnType<Transport>>;

const answered = (body: unknown): Answer => ({ kind: 'answer', status: 200, headers: {}, body });

/** By the policy: how often a call is sent, and what it may have changed, where every answer is lost or can't be read. */
const POLICIES = {
	read: { lost: [5, 'none'], unreadable: [1, 'none'] },
	repeatable: { lost: [5, 'unknown'], unreadable: [5, 'unknown'] },
	once: { lost: [1, 'unknown'], unreadable: [1, 'unknown'] },
} as const;

const FAULTS: Record<'lost' | 'unreadable', Answer> = {
	lost: { kind: 'none', sent: true, what: 'it was lost', code: 'ECONNRESET', remedy: '' },
	unreadable: answered('<html>'),
};

const MAGIC = '/magic/ipsec_tunnels';
const WEBHOOKS = '/alerting/v3/destinations/webhooks';
const ALERTING = '/alerting/v3/policies';

type Case = [
	request: string,
	policy: keyof typeof POLICIES,
	call: (client: CloudflareClient) => Promise<unknown>,
	sent?: Partial<HttpRequest>,
];

const CALLS: Case[] = [
	[`GET ${MAGIC}`, 'read', (c) => listIpsecTunnels(c)],
	[`GET ${MAGIC}/${ID}`, 'read', (c) => getIpsecTunnel(c, ID)],
	[`POST ${MAGIC}`, 'once', (c) => createIpsecTunnel(c, BODY), { body: BODY }],
	[`PUT ${MAGIC}/${ID}`, 'once', (c) => updateIpsecTunnel(c, ID, BODY), { body: BODY }],
	[
		`PUT ${MAGIC}`,
		'once',
		(c) => updateIpsecTunnels(c, [BODY]),
		{ body: { ipsec_tunnels: [BODY] } },
	],
	[`DELETE ${MAGIC}/${ID}`, 'once', (c) => deleteIpsecTunnel(c, ID)],
	[`POST ${MAGIC}/${ID}/psk_generate`, 'once', (c) => generatePsk(c, ID)],
	[
		`POST ${MAGIC}/psk`,
		'repeatable',
		(c) => setPsks(c, [{ id: ID, psk: 'k' }]),
		{ body: { psks: [{ id: ID, psk: 'k' }] } },
	],
	[`GET ${WEBHOOKS}`, 'read', (c) => listWebhooks(c)],
	[`POST ${WEBHOOKS}`, 'once', (c) => createWebhook(c, WEBHOOK), { body: WEBHOOK }],
	[`GET ${WEBHOOKS}/${ID}`, 'read', (c) => getWebhook(c, ID)],
	[`DELETE ${WEBHOOKS}/${ID}`, 'repeatable', (c) => deleteWebhook(c, ID)],
	[`GET ${ALERTING}`, 'read', (c) => listPolicies(c)],
	[`POST ${ALERTING}`, 'once', (c) => createPolicy(c, BODY), { body: BODY }],
	[`GET ${ALERTING}/${ID}`, 'read', (c) => getPolicy(c, ID)],
	[`DELETE ${ALERTING}/${ID}`, 'repeatable', (c) => deletePolicy(c, ID)],
	['GET /alerting/v3/history', 'read', (c) => listAlertHistory(c, HISTORY), { query: HISTORY }],
];

/** Whether a call may answer, or send, the target of a health check. */
const knowsTargets = (request: string) =>
	request.includes(MAGIC) && !/\/psk(_generate)?$/.test(request);

async function requestsOf(call: Case[2], answer: Answer) {
	const requests: HttpRequest[] = [];
	const transport: Transport = async (request) => {
		requests.push(request);
		return answer;
	};
	const baseUrl = 'https://gateway.example.com';
	const client = new CloudflareClient({ transport, baseUrl, accountId: ID, secrets: [] });
	const error: unknown = await call(client).then(
		() => undefined,
		(reason: unknown) => reason,
	);
	return { requests, error, root: `${baseUrl}/accounts/${ID}` };
}

it.each(CALLS)('%s is what is sent', async (request, _policy, call, sent = {}) => {
	const { requests, root } = await requestsOf(call, answered({ success: true, result: {} }));
	expect(requests.map(({ method, url }) => `${method} ${url.replace(root, '')}`)).toEqual([
		request,
	]);
	const { body, headers, query } = requests[0]!;
	expect(headers).toEqual(knowsTargets(request) ? { 'x-magic-new-hc-target': 'true' } : {});
	expect({ body, query }).toEqual({ body: undefined, query: undefined, ...sent });
});

describe.each(['lost', 'unreadable'] as const)('where every answer is %s', (fault) => {
	it.each(CALLS)('%s is sent as often as its policy says: %s', async (_request, policy, call) => {
		const { requests, error } = await requestsOf(call, FAULTS[fault]);
		expect([requests.length, effectOf(error)]).toEqual(POLICIES[policy][fault]);
	});
});

it('the id of no tunnel never enters a path', async () => {
	for (const one of [getIpsecTunnel, deleteIpsecTunnel, generatePsk]) {
		const { requests, error } = await requestsOf(async (c) => await one(c, '../x'), FAULTS.lost);
		expect(requests).toEqual([]);
		expect(String(error)).toContain('32 hexadecimal digits');
	}
});

it('a change is only checked where that is asked for', async () => {
	const check = { validateOnly: true };
	const calls: Array<Case[2]> = [
		(c) => createIpsecTunnel(c, BODY, check),
		(c) => updateIpsecTunnel(c, ID, BODY, check),
		(c) => updateIpsecTunnels(c, [BODY], check),
		(c) => deleteIpsecTunnel(c, ID, check),
		(c) => generatePsk(c, ID, check),
		(c) => setPsks(c, [{ id: ID, psk: 'k' }], check),
	];
	for (const call of calls) {
		const { requests } = await requestsOf(call, answered({ success: true, result: {} }));
		expect(requests.map(({ query }) => query)).toEqual([{ validate_only: true }]);
	}
	const { requests } = await requestsOf(
		(c) => deleteIpsecTunnel(c, ID, { validateOnly: false }),
		answered({ success: true, result: {} }),
	);
	expect(requests[0]!.query).toBeUndefined();
});
