import { NodeApiError } from 'n8n-workflow';
import { effectOf } from '../../nodes/api/failure';
import { generatePsk, setPsks } from '../../nodes/api/psks';
import { errorText, nodeError } from '../../nodes/shared/errors';
import {
	createIpsecTunnel,
	deleteIpsecTunnel,
	getIpsecTunnel,
	listIpsecTunnels,
	updateIpsecTunnel,
	updateIpsecTunnels,
} from '../../nodes/api/ipsecTunnels';
import { statusFault } from '../helpers/answer';
import { useAccount } from '../helpers/account';
import { startSimulator } from '../simulator';
import { BODY, callingNode, clientOf, failing, ID, SECRET } from '../helpers/client';

/** The client: what counts as an answer, what an error says, and what is sent. */

const account = useAccount({ tunnels: 2, seed: 9 });

const OTHER = { ...BODY, interface_address: '10.9.0.2/31' };

/** Everything of an error that n8n may store or show. */
function everything(error: NodeApiError): string {
	return JSON.stringify([
		error,
		error.message,
		error.description,
		error.messages,
		error.context,
		error.stack,
		error.cause,
		error.node,
		error.errorResponse,
	]);
}

describe('an answer counts only when it is 2xx, JSON and success', () => {
	it.each([
		['html with 200', { kind: 'html' }, "not Cloudflare's JSON (HTTP 200)"],
		['an empty 204', { kind: 'empty' }, 'the answer was empty (HTTP 204)'],
		[
			'a redirect',
			{ kind: 'redirect', location: 'http://127.0.0.1:9/' },
			'a redirect came (HTTP 302), which is not followed',
		],
		['truncated JSON', { kind: 'truncatedJson' }, "not Cloudflare's JSON"],
		[
			'success: false with 200',
			{ kind: 'successFalse', code: 1099, message: 'almost' },
			'Cloudflare refused the request (HTTP 200)',
		],
		[
			'403 without JSON',
			{ kind: 'body', status: 403, body: '<h1>Blocked</h1>', contentType: 'text/html' },
			"HTTP 403, and not Cloudflare's JSON",
		],
		[
			'a list in place of an envelope',
			{ kind: 'body', status: 200, body: '[]' },
			"not Cloudflare's JSON",
		],
		[
			'success that is no boolean',
			{ kind: 'body', status: 200, body: '{"success":"true","result":{}}' },
			"not Cloudflare's JSON",
		],
	])('%s', async (_, fault, words) => {
		account().faults.add({ ...fault, operation: 'list' } as never);
		const error = await failing(listIpsecTunnels(clientOf(account())));
		expect(error.message).toContain('Could not list the tunnels: ');
		expect(error.message).toContain(words);
		expect(account().requests).toHaveLength(1);
	});

	it.each([
		['a broken connection', { kind: 'reset', when: 'before' }],
		['a truncated body', { kind: 'truncate' }],
	])('%s', async (_, fault) => {
		account().faults.add({ ...fault, operation: 'list', times: Infinity } as never);
		const error = await failing(listIpsecTunnels(clientOf(account())));
		expect(error.message).toContain('the connection broke');
		expect(account().requests).toHaveLength(5);
	});

	it.each([
		['no answer', { kind: 'timeout' }],
		['a slow drip', { kind: 'drip', chunkBytes: 1, everyMs: 50 }],
	])('%s ends at the timeout', async (_, fault) => {
		account().faults.add({ ...fault, operation: 'create' } as never);
		const started = Date.now();
		const error = await failing(createIpsecTunnel(clientOf(account(), { timeoutMs: 300 }), BODY));
		expect(error.message).toContain('no answer came in time');
		expect(error.effect).toBe('unknown');
		expect(Date.now() - started).toBeLessThan(10_000);
	});
});

describe('an error', () => {
	it("carries Cloudflare's own words, the ray id, a remedy and the item", async () => {
		account().faults.add({
			kind: 'body',
			operation: 'get',
			status: 400,
			body: JSON.stringify({
				success: false,
				result: null,
				messages: [],
				errors: [
					{
						code: 1022,
						message: 'Invalid Request: bad',
						documentation_url: 'https://developers.cloudflare.com/x',
						source: { pointer: '/health_check/target' },
						error_chain: [{ code: 1, message: 'in the chain' }],
					},
					{ code: 2, message: 'second' },
				],
			}),
		} as never);
		const error = await failing(getIpsecTunnel(clientOf(account()), ID), 7);
		expect(error.message).toBe(
			`Could not get the tunnel ${ID}: Cloudflare refused the request (HTTP 400)`,
		);
		expect(error.description).toContain(
			'Cloudflare says (code 1022): Invalid Request: bad; second; in the chain. Field: /health_check/target. Check the fields of the item: Cloudflare could not accept one of them. See https://developers.cloudflare.com/x Ray ID: ',
		);
		expect(error.description).toMatch(/Ray ID: \w+-[A-Z]{3}\.$/);
		expect(error.httpCode).toBe('400');
		expect(error.context).toMatchObject({ itemIndex: 7 });
		expect(error.effect).toBe('none');
	});

	it.each([
		[403, 1012, 'no Magic WAN or Magic Transit'],
		[403, 1025, 'no Magic WAN or Magic Transit'],
		[400, 1022, 'Check the fields'],
		[404, 1032, 'may have been deleted'],
		[403, 10000, 'Magic WAN Write'],
		[403, 9109, 'Check the token and the Account ID'],
		[400, 6003, 'without the word Bearer'],
		[400, 9106, 'without its credential'],
		[403, 10001, 'choose the other authentication'],
		[404, 7003, 'Check the Account ID and the Base URL'],
		[403, 10502, 'Too many attempts'],
		[401, 4242, 'lacks the permission'],
		[404, 4242, 'that the tunnel still exists'],
	])('HTTP %d, code %d has a remedy', async (status, code, remedy) => {
		account().faults.add(statusFault('get', status, code, { message: 'x' }));
		const error = await failing(getIpsecTunnel(clientOf(account()), ID));
		expect(error.description).toContain(remedy);
		expect(error.description).toContain(`code ${code}`);
	});

	it.each(['errors', 'a text', null, [null, 5, { code: 'x' }]])(
		'copes with errors of the form %j',
		async (errors) => {
			account().faults.add({
				kind: 'body',
				operation: 'get',
				status: 400,
				body: JSON.stringify({ success: false, errors }),
			} as never);
			const error = await failing(getIpsecTunnel(clientOf(account()), ID));
			expect(error.message).toContain('refused the request (HTTP 400)');
		},
	);

	it('never holds a key, a token, a header or the request', async () => {
		const simulator = account();
		const echo = `cannot accept "${SECRET}" with ${simulator.apiToken}`;
		for (const operation of ['create', 'pskSet'] as const) {
			simulator.faults.add(statusFault(operation, 400, 1022, { message: echo }));
		}
		const client = clientOf(simulator);
		const errors = [
			await failing(
				createIpsecTunnel(client, {
					...BODY,
					psk: SECRET,
					bgp: { customer_asn: 1, md5_key: 'accept' },
				}),
			),
			await failing(setPsks(client, [{ id: ID, psk: SECRET }])),
		];
		for (const error of errors) {
			expect(error.description).toContain('left out');
			expect(everything(error)).not.toContain(SECRET);
			expect(everything(error)).not.toContain(simulator.apiToken);
			expect(everything(error)).not.toMatch(/authorization|bearer /i);
		}
	});

	it('of a broken connection holds nothing of the request either', async () => {
		const simulator = account();
		simulator.faults.add({ kind: 'reset', when: 'after', operation: 'pskSet', times: Infinity });
		const error = await failing(setPsks(clientOf(simulator), [{ id: ID, psk: SECRET }]));
		expect(everything(error)).not.toContain(SECRET);
		expect(everything(error)).not.toContain(simulator.apiToken);
	});

	it('of another kind becomes one that n8n shows', () => {
		const node = callingNode();
		const plain = nodeError(node, new Error('plain'), 3);
		expect(plain).toMatchObject({ message: 'plain', context: { itemIndex: 3 } });
		expect(nodeError(node, plain)).toBe(plain);
		expect(errorText('just text')).toBe('just text');
		expect(effectOf(plain)).toBe('unknown');
	});
});

describe('what is sent', () => {
	it('the new form of health check targets goes with every call that knows it', async () => {
		const [first] = account().tunnels();
		const c = clientOf(account());
		await listIpsecTunnels(c);
		await getIpsecTunnel(c, first!.id);
		await createIpsecTunnel(c, BODY);
		await updateIpsecTunnel(c, first!.id, { ...OTHER, name: 'u' });
		await updateIpsecTunnels(c, [{ id: first!.id, ...OTHER, name: 'v' }]);
		await generatePsk(c, first!.id);
		await setPsks(c, [{ id: first!.id, psk: 'k' }]);
		await deleteIpsecTunnel(c, first!.id);
		const marked = account().requests.map(({ operation, headers }) => [
			operation,
			headers['x-magic-new-hc-target'],
		]);
		expect(marked).toEqual([
			['list', 'true'],
			['get', 'true'],
			['create', 'true'],
			['update', 'true'],
			['bulkUpdate', 'true'],
			['pskGenerate', undefined],
			['pskSet', undefined],
			['delete', 'true'],
		]);
	});

	it.each(['..', '', 'a/b', `${ID}0`, 'g'.repeat(32)])(
		'the id %p never enters a path',
		async (id) => {
			const c = clientOf(account());
			for (const call of [getIpsecTunnel, deleteIpsecTunnel, generatePsk]) {
				await expect(call(c, id)).rejects.toThrow('32 hexadecimal digits');
			}
			expect(account().requests).toHaveLength(0);
		},
	);

	it('a redirect is not followed, so the credential goes nowhere else', async () => {
		const elsewhere = await startSimulator();
		try {
			account().faults.add({
				kind: 'redirect',
				operation: 'pskSet',
				location: `${elsewhere.url}/x`,
				times: Infinity,
			} as never);
			await failing(setPsks(clientOf(account()), [{ id: ID, psk: SECRET }]));
			expect(elsewhere.requests).toHaveLength(0);
		} finally {
			await elsewhere.close();
		}
	});
});
