import { chunk } from 'lodash';
import { Agent, request } from 'undici';
import { mapLimit } from '../../nodes/http/pool';
import { ACCOUNT_ID, API_TOKEN } from '../server/account';
import type { Contender } from './contender';
import { BATCH_SIZE, BATCHES_AT_A_TIME } from './ours';

/**
 * The limit: the requests that our node sends, in the same order and with as many at a time, and
 * nothing done with the answers but to parse them. Its connections stay open from run to run.
 */

const agent = new Agent({ connections: BATCHES_AT_A_TIME });

async function call(url: string, method: 'GET' | 'POST', path: string, body?: object) {
	const response = await request(`${url}/accounts/${ACCOUNT_ID}/magic/ipsec_tunnels${path}`, {
		dispatcher: agent,
		method,
		headers: {
			authorization: `Bearer ${API_TOKEN}`,
			accept: 'application/json',
			'x-magic-new-hc-target': 'true',
			...(body === undefined ? {} : { 'content-type': 'application/json' }),
		},
		body: body === undefined ? null : JSON.stringify(body),
	});
	const envelope = JSON.parse(await response.body.text()) as Envelope;
	if (!envelope.success) throw new Error(`undici was answered ${response.statusCode}`);
	return envelope.result;
}

interface Envelope {
	success: boolean;
	result: { successfully_applied_psks: Record<string, { psk: string }> };
}

export const undici: Contender = {
	name: 'undici, the same requests',
	run: async (url, entries) => {
		await call(url, 'GET', '');
		const answers = await mapLimit(
			chunk(entries, BATCH_SIZE),
			BATCHES_AT_A_TIME,
			async (psks) => await call(url, 'POST', '/psk', { psks }),
		);
		await call(url, 'GET', '');
		return () =>
			new Map(
				answers
					.flatMap((answer) => Object.entries(answer.successfully_applied_psks))
					.map(([id, { psk }]) => [id, psk]),
			);
	},
};

/** Ends the connections. */
export async function closeUndici(): Promise<void> {
	await agent.close();
}
