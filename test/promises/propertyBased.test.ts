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
import type { Fault } from '../helpers/faultKinds';
import { FAULTS, isLie, LISTS } from '../helpers/faultKinds';
import { WORLD_NAMES } from '../helpers/itemWorlds';
import type { Act, FaultyRun } from '../helpers/oracle';
import { ACTS, findings, isPossible, MODES } from '../helpers/oracle';
import { STOPS } from '../helpers/stops';
import { useVirtualClock } from '../helpers/virtualClock';

/** Set FC_SEED to the seed that a failure prints to repeat it. */
const SEED = process.env.FC_SEED === undefined ? {} : { seed: Number(process.env.FC_SEED) };

const times = fc.constantFrom(1, 2, 5, Infinity);

const run: fc.Arbitrary<FaultyRun> = fc
	.record({
		act: fc.constantFrom(...(Object.keys(ACTS) as Act[])),
		world: fc.constantFrom(...WORLD_NAMES),
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
		lists: fc.constantFrom(...Object.keys(LISTS)),
		stop: fc.constantFrom(...STOPS),
		mode: fc.constantFrom(...MODES),
		size: fc.record({
			batchSize: fc.integer({ min: 1, max: 5 }),
			concurrency: fc.integer({ min: 1, max: 5 }),
			stopAfterUnknown: fc.integer({ min: 1, max: 5 }),
		}),
		strays: fc.nat(2),
	})
	.map(({ spoilt, ...rest }) => ({
		...rest,
		strays: rest.mode === 'stopWorkflow' ? 0 : rest.strays,
		faults: spoilt
			.filter(({ fault }) => isPossible(rest.act, fault))
			.map(({ fault, ...position }) => ({ ...position, ...fault })) as Fault[],
	}));

const RUNS = Number(process.env.PSK_HISTORIES ?? 400);

describe('random accounts, faults and settings', () => {
	useVirtualClock();

	it(`lose and leak no key in ${RUNS} runs`, async () => {
		await fc.assert(
			fc.asyncProperty(run, async (one) => {
				expect(await findings(one)).toEqual([]);
			}),
			{ numRuns: RUNS, ...SEED },
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
