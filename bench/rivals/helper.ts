import { chunk } from 'lodash';
import type { IDataObject, IExecuteFunctions, IHttpRequestOptions } from 'n8n-workflow';
import { mapLimit } from '../../nodes/http/pool';
import { outputsOf } from '../../test/helpers/engine';
import { nodeThat, typeNamed } from '../../test/helpers/nodeTypes';
import { ACCOUNT_ID, API_TOKEN } from '../server/account';
import type { Contender } from './contender';
import { itemsOf, runChain, typesWith } from './engine';
import { BATCH_SIZE, BATCHES_AT_A_TIME } from './ours';

/**
 * What n8n takes for itself: a node that sends the requests of ours by n8n's own helper, reads the items
 * without any expression, and checks nothing. No node can be faster on this engine.
 */

const TYPE = 'bench.helper';
const CREDENTIAL = 'cloudflareMagicTokenApi';

type Result = Record<string, Record<string, { psk: string }>>;

async function call(
	context: IExecuteFunctions,
	method: 'GET' | 'POST',
	path: string,
	body?: IDataObject,
): Promise<Result> {
	const { baseUrl } = await context.getCredentials(CREDENTIAL);
	const request: IHttpRequestOptions = {
		method,
		url: `${String(baseUrl)}/accounts/${ACCOUNT_ID}/magic/ipsec_tunnels${path}`,
		headers: { 'x-magic-new-hc-target': 'true' },
		body,
		json: true,
	};
	const send = context.helpers.httpRequestWithAuthentication;
	return ((await send.call(context, CREDENTIAL, request)) as { result: Result }).result;
}

const helperNode = nodeThat(
	async function () {
		const psks = this.getInputData().map(({ json }) => json);
		await call(this, 'GET', '');
		const answers = await mapLimit(
			chunk(psks, BATCH_SIZE),
			BATCHES_AT_A_TIME,
			async (part) => await call(this, 'POST', '/psk', { psks: part }),
		);
		await call(this, 'GET', '');
		const applied = answers.flatMap((answer) =>
			Object.entries(answer.successfully_applied_psks ?? {}),
		);
		return [itemsOf(applied.map(([id, { psk }]) => ({ id, psk })))];
	},
	{ credentials: [{ name: CREDENTIAL, required: true }] },
);

export const helper: Contender = {
	name: "n8n's request helper, the same requests",
	run: async (url, entries) => {
		const run = await runChain({
			nodes: [
				{
					name: 'Helper',
					type: TYPE,
					typeVersion: 1,
					parameters: {},
					credentials: { [CREDENTIAL]: { id: '1', name: 'Cloudflare' } },
				},
			],
			types: await typesWith(typeNamed(TYPE, helperNode)),
			credentials: { [CREDENTIAL]: { apiToken: API_TOKEN, accountId: ACCOUNT_ID, baseUrl: url } },
			items: itemsOf(entries.map(({ id, psk }) => ({ id, psk }))),
		});
		if (run.data.resultData.error !== undefined) throw run.data.resultData.error;
		return () =>
			new Map(outputsOf(run, 'Helper')[0]!.map(({ json }) => [String(json.id), String(json.psk)]));
	},
};
