import type { IDataObject, IRun } from 'n8n-workflow';
import type { TypeSource } from '../../test/helpers/engine';
import { outputsOf, typesOfN8n } from '../../test/helpers/engine';
import { nodeThat, typeNamed } from '../../test/helpers/nodeTypes';
import { ACCOUNT_ID, API_TOKEN } from '../server/account';
import type { Contender, Entry, Keys } from './contender';
import type { NodeOf } from './engine';
import { itemsOf, runChain, typesWith } from './engine';

/** n8n's own HTTP Request node on the engine that ours runs on: what a user has without this package. */

const HTTP_REQUEST = 'n8n-nodes-base.httpRequest';
const CODE = 'bench.code';

let found: TypeSource | undefined;

function ofN8n(): TypeSource {
	found ??= typesOfN8n();
	return found;
}

/** Why the HTTP Request node can't run, or undefined. */
export function httpRequestMissing(): string | undefined {
	try {
		const node = ofN8n().node(HTTP_REQUEST);
		return node === undefined ? 'n8n has no HTTP Request node' : undefined;
	} catch (error) {
		return (error as Error).message.split('\n')[0];
	}
}

/**
 * Builds the one body of a bulk request, as a user's Code node would. The real Code node needs n8n's
 * task runner, a process of its own; without it the rival is a little faster than it would be.
 */
const codeNode = nodeThat(async function () {
	const psks = this.getInputData().map(({ json }) => ({ id: json.id, psk: json.psk }));
	return [[{ json: { body: { psks } }, pairedItem: { item: 0 } }]];
});

const AUTHENTICATION = {
	authentication: 'genericCredentialType',
	genericAuthType: 'httpBearerAuth',
} as const;

function httpRequest(parameters: NodeOf['parameters'], more: Partial<NodeOf> = {}): NodeOf {
	return {
		name: 'HTTP Request',
		type: HTTP_REQUEST,
		typeVersion: 4.2,
		parameters: { method: 'POST', ...AUTHENTICATION, options: {}, ...parameters },
		credentials: { httpBearerAuth: { id: '1', name: 'Cloudflare' } },
		...more,
	};
}

async function runHttp(nodes: NodeOf[], entries: readonly Entry[]): Promise<IRun> {
	return await runChain({
		nodes,
		types: await typesWith(ofN8n(), typeNamed(CODE, codeNode)),
		credentials: { httpBearerAuth: { token: API_TOKEN } },
		items: itemsOf(entries.map(({ id, psk }) => ({ id, psk }))),
	});
}

const resultsOf = (run: IRun) =>
	(run.data.resultData.runData['HTTP Request']?.[0]?.data === undefined
		? []
		: outputsOf(run, 'HTTP Request')[0]!
	).map(({ json }) => json.result as IDataObject | undefined);

/** The keys of the output items; a run that n8n stopped has none. */
export function generatedKeys(run: IRun): Keys {
	return new Map(
		resultsOf(run)
			.filter((result) => result !== undefined)
			.map((result) => [String(result.ipsec_tunnel_id), String(result.psk)]),
	);
}

export interface HttpSettings {
	onError?: 'stopWorkflow' | 'continueRegularOutput';
	batching?: { batchSize: number; batchInterval: number };
}

/** One psk_generate for each item, with the node's defaults unless told otherwise. */
export async function runHttpEach(
	url: string,
	entries: readonly Entry[],
	{ onError, batching }: HttpSettings = {},
): Promise<IRun> {
	const options = batching === undefined ? {} : { batching: { batch: { ...batching } } };
	return await runHttp(
		[
			httpRequest(
				{
					url: `=${url}/accounts/${ACCOUNT_ID}/magic/ipsec_tunnels/{{ $json.id }}/psk_generate`,
					options,
				},
				{ onError },
			),
		],
		entries,
	);
}

export const httpEach: Contender = {
	name: 'HTTP Request node, psk_generate for each',
	mostKeys: 1_000,
	run: async (url, entries) => {
		const run = await runHttpEach(url, entries);
		if (run.data.resultData.error !== undefined) throw run.data.resultData.error;
		return () => generatedKeys(run);
	},
};

export const httpBulk: Contender = {
	name: 'HTTP Request node, one bulk POST after a Code node',
	run: async (url, entries) => {
		const run = await runHttp(
			[
				{ name: 'Code', type: CODE, typeVersion: 1, parameters: {} },
				httpRequest({
					url: `${url}/accounts/${ACCOUNT_ID}/magic/ipsec_tunnels/psk`,
					sendBody: true,
					specifyBody: 'json',
					jsonBody: '={{ $json.body }}',
				}),
			],
			entries,
		);
		if (run.data.resultData.error !== undefined) throw run.data.resultData.error;
		return () => {
			const applied = resultsOf(run)[0]?.successfully_applied_psks as Record<string, IDataObject>;
			return new Map(Object.entries(applied).map(([id, { psk }]) => [id, String(psk)]));
		};
	},
};
