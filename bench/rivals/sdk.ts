import Cloudflare from 'cloudflare';
import { chunk } from 'lodash';
import { ACCOUNT_ID, API_TOKEN } from '../server/account';
import type { Contender } from './contender';
import { BATCH_SIZE } from './ours';

/** Cloudflare's official SDK, as a user of it would write it. */

const sdk = (url: string) => new Cloudflare({ apiToken: API_TOKEN, baseURL: url });

export const sdkBulk: Contender = {
	name: `SDK, pskSet for each ${BATCH_SIZE}`,
	run: async (url, entries) => {
		const client = sdk(url);
		const applied: Array<[string, string]> = [];
		for (const psks of chunk(entries, BATCH_SIZE)) {
			const answer = await client.magicTransit.ipsecTunnels.pskSet({
				account_id: ACCOUNT_ID,
				psks,
			});
			for (const [id, { psk }] of Object.entries(answer.successfully_applied_psks ?? {})) {
				applied.push([id, psk]);
			}
		}
		return () => new Map(applied);
	},
};

export const sdkEach: Contender = {
	name: 'SDK, pskGenerate for each, all at once',
	mostKeys: 1_000,
	run: async (url, entries) => {
		const client = sdk(url);
		const made = await Promise.all(
			entries.map(
				async ({ id }) =>
					await client.magicTransit.ipsecTunnels.pskGenerate(id, {
						account_id: ACCOUNT_ID,
					}),
			),
		);
		return () => new Map(made.map(({ ipsec_tunnel_id: id, psk }) => [id ?? '', psk ?? '']));
	},
};
