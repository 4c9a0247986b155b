import * as fc from 'fast-check';
import type { CloudflareClient } from '../../nodes/api/client';
import {
	createIpsecTunnel,
	deleteIpsecTunnel,
	getIpsecTunnel,
	listIpsecTunnels,
	updateIpsecTunnel,
	updateIpsecTunnels,
} from '../../nodes/api/ipsecTunnels';
import { CallError } from '../../nodes/api/failure';
import { generatePsk, setPsks } from '../../nodes/api/psks';
import { useAccount } from '../helpers/account';
import { BODY, clientOf, ID } from '../helpers/client';
import type { Fault, FaultyRun } from '../helpers/oracle';
import { ENDPOINT, FAULTS, findings, MODES } from '../helpers/oracle';
import { useVirtualClock } from '../helpers/virtualClock';

/** Set FC_SEED to the seed that a failure prints to repeat it. */
const SEED = process.env.FC_SEED === undefined ? {} : { seed: Number(process.env.FC_SEED) };

/** Faults that say no after they did it: only a list that can be read tells them from a refusal. */
const isLie = (fault: object): boolean =>
	/"when":"after"/.test(JSON.stringify(fault)) &&
	/"kind":"successFalse"|"status":(40[0-7]|409|4[1-9]\d)/.test(JSON.stringify(fault));

const listFaults = [
	{ kind: 'status', status: 500, code: 1000, message: 'x' },
	{ kind: 'status', status: 429, code: 971, message: 'x' },
	{ kind: 'reset' },
	{ kind: 'html' },
	{ kind: 'truncatedJson' },
	{ kind: 'wrongTypes', of: 'fields' },
	{ kind: 'missingFields', fields: ['ipsec_tunnels.*.psk_metadata'] },
];

const times = fc.constantFrom(1, 2, 5, Infinity);

const run: fc.Arbitrary<FaultyRun> = fc
	.record({
		operation: fc.constantFrom('generate', 'prepare', 'set') as fc.Arbitrary<
			FaultyRun['operation']
		>,
		// The hooks among the faults work on the second tunnel.
		ages: fc.array(fc.option(fc.integer({ min: 0, max: 900 })), { minLength: 2, maxLength: 7 }),
		spoilt: fc.array(
			fc.record({
				fault: fc.constantFrom(...FAULTS.filter((fault) => !isLie(fault))),
				skip: fc.nat(4),
				times,
			}),
			{ maxLength: 3 },
		),
		lists: fc.array(fc.record({ fault: fc.constantFrom(...listFaults), skip: fc.nat(2), times }), {
			maxLength: 1,
		}),
		mode: fc.constantFrom(...MODES),
		authentication: fc.constantFrom('apiToken', 'apiKey') as fc.Arbitrary<
			FaultyRun['authentication']
		>,
		batchSize: fc.integer({ min: 1, max: 5 }),
		concurrency: fc.integer({ min: 1, max: 5 }),
		strays: fc.nat(2),
	})
	.map(({ spoilt, lists, ...rest }) => ({
		...rest,
		strays: rest.mode === 'stopWorkflow' ? 0 : rest.strays,
		faults: [
			...spoilt.map(({ fault, ...position }) => ({
				operation: ENDPOINT[rest.operation],
				...position,
				...fault,
			})),
			...lists.map(({ fault, ...position }) => ({ operation: 'list', ...position, ...fault })),
		] as Fault[],
	}));

describe('random accounts, faults and settings', () => {
	useVirtualClock();

	it('lose and leak no key in 2,000 runs', async () => {
		await fc.assert(
			fc.asyncProperty(run, async (one) => {
				expect(await findings(one)).toEqual([]);
			}),
			{ numRuns: 2_000, ...SEED },
		);
	}, 300_000);
});

const CALLS: Array<(client: CloudflareClient) => Promise<unknown>> = [
	(client) => listIpsecTunnels(client),
	(client) => getIpsecTunnel(client, ID),
	(client) => createIpsecTunnel(client, BODY),
	(client) => updateIpsecTunnel(client, ID, BODY),
	(client) => updateIpsecTunnels(client, [{ id: ID, ...BODY }]),
	(client) => deleteIpsecTunnel(client, ID),
	(client) => generatePsk(client, ID),
	(client) => generatePsk(client, ID, { validateOnly: true }),
	(client) => setPsks(client, [{ id: ID, psk: 'k' }]),
];

/** Parts that an answer really has, in forms that it should not have. */
const part: fc.Arbitrary<unknown> = fc.oneof(
	fc.jsonValue({ maxDepth: 2 }),
	fc.constantFrom(ID, {}, [], null, { [ID]: 'reason' }, { [ID]: { psk: 'k' } }, [
		{ id: ID, name: 'x' },
	]),
);

const envelope = fc.record(
	{
		success: fc.oneof({ weight: 4, arbitrary: fc.constant(true) }, part),
		errors: fc.oneof(
			part,
			fc.array(
				fc.dictionary(
					fc.constantFrom('code', 'message', 'source', 'error_chain', 'documentation_url'),
					part,
				),
			),
		),
		messages: part,
		result: fc.oneof(
			part,
			fc.dictionary(
				fc.constantFrom(
					'ipsec_tunnels',
					'ipsec_tunnel',
					'modified_ipsec_tunnel',
					'modified_ipsec_tunnels',
					'deleted',
					'psk',
					'psk_metadata',
					'successfully_applied_psks',
					'unapplied_psks',
					'id',
					'name',
				),
				part,
			),
		),
	},
	{ requiredKeys: ['success'] },
);

const malformed = fc.record({
	body: fc.oneof(
		{ weight: 8, arbitrary: envelope.map((value) => JSON.stringify(value)) },
		{ weight: 1, arbitrary: fc.json() },
		{ weight: 1, arbitrary: fc.string() },
	),
	status: fc.constantFrom(200, 200, 200, 201, 400, 403, 404),
	contentType: fc.constantFrom('application/json', 'application/json', 'text/html', 'text/plain'),
	call: fc.nat(CALLS.length - 1),
});

describe('malformed answers', () => {
	const account = useAccount({ seed: 1 });
	useVirtualClock();

	it('become a CallError, or a result, 10,000 times', async () => {
		const client = clientOf(account());
		await fc.assert(
			fc.asyncProperty(malformed, async ({ call, ...answer }) => {
				account().faults.clear();
				account().resetRequests();
				account().faults.add({ kind: 'body', times: Infinity, ...answer });
				const error: unknown = await CALLS[call]!(client).then(
					() => undefined,
					(reason: unknown) => reason,
				);
				if (error !== undefined) expect(error).toBeInstanceOf(CallError);
			}),
			{ numRuns: 10_000, ...SEED },
		);
	}, 300_000);
});
