import { strict as assert } from 'node:assert';
import type { N8n } from '../harness/n8n';
import type { Part } from '../harness/part';
import type { Account } from '../../helpers/accountProcess';

/** One stored credential and what n8n's test of it must say. */
interface Case {
	name: string;
	type: string;
	data: Record<string, string>;
	status: 'OK' | 'Error';
	message: string;
}

const GOOD = { status: 'OK', message: 'Connection successful!' } as const;

const MAY_NOT_SEE =
	'The credential is valid, but may not see this account. Check the Account ID, and that the token is for this account.';

const NO_MAGIC =
	'The account has no Magic WAN or Magic Transit. Check the Account ID, or ask your Cloudflare account team to turn the product on.';

const NO_PERMISSION =
	"Cloudflare refused access. The token or key is not valid, or lacks the permission. In Cloudflare's dashboard, Manage Account > Account API Tokens (or My Profile > API Tokens), give the token 'Magic WAN Write' or 'Magic Transit Write' for this account; 'Read' is enough for Get and Get Many. With email and API key, the user needs the role 'Network Services (Magic)'.";

function casesOf(account: Account): Case[] {
	const { readToken, noPermissionToken, notOnboardedAccountId } = account.credentials;
	const foreign = 'f'.repeat(32);
	const token = (changes: Record<string, string> = {}) => ({
		type: 'cloudflareMagicTokenApi',
		data: account.tokenCredential(changes),
	});
	const key = (changes: Record<string, string> = {}) => ({
		type: 'cloudflareMagicKeyApi',
		data: account.keyCredential(changes),
	});
	const error = (message: string) => ({ status: 'Error', message }) as const;
	return [
		{ name: 'a good token', ...token(), ...GOOD },
		{ name: 'a token that may only read', ...token({ apiToken: readToken }), ...GOOD },
		{
			name: 'a wrong token',
			...token({ apiToken: 'x'.repeat(40) }),
			...error(
				'Cloudflare does not know this API token. Copy it again, or make a new one: it is shown only once.',
			),
		},
		{
			name: 'a token for another account',
			...token({ accountId: foreign }),
			...error(MAY_NOT_SEE),
		},
		{
			name: 'a token without the permission',
			...token({ apiToken: noPermissionToken }),
			...error(NO_PERMISSION),
		},
		{
			name: 'a token, an account without Magic',
			...token({ accountId: notOnboardedAccountId }),
			...error(NO_MAGIC),
		},
		{
			name: 'a token, something else than Cloudflare at the Base URL',
			...token({ baseUrl: new URL('/elsewhere', account.url).href }),
			...error('Cloudflare knows no such account. Check the Account ID and the Base URL.'),
		},
		{ name: 'a good email and key', ...key(), ...GOOD },
		{
			name: 'a wrong key',
			...key({ apiKey: 'a'.repeat(37) }),
			...error(
				'Cloudflare does not know this email and API key together. Copy the Global API Key from My Profile > API Tokens again, or use an API token instead.',
			),
		},
		{ name: 'a key for another account', ...key({ accountId: foreign }), ...error(MAY_NOT_SEE) },
	];
}

async function checkCase(n8n: N8n, { name, type, data, status, message }: Case): Promise<void> {
	const credential = await n8n.createCredential(type, data, name);
	assert.deepEqual(await n8n.testCredential(credential), { status, message });
}

export const part: Part = {
	name: 'credentials',
	about: "both credential types, stored in n8n and tried by n8n's own credential test",
	async run(context) {
		const n8n = await context.n8n();
		const account = await context.account();
		for (const one of casesOf(account)) {
			await context.check(one.name, async () => await checkCase(n8n, one));
		}
		await context.check('a key of a user without the role', async () => {
			await account.addFault({
				kind: 'status',
				operation: 'list',
				status: 403,
				code: 10000,
				message: 'Authentication error',
			});
			await checkCase(n8n, {
				name: 'a key without the role',
				type: 'cloudflareMagicKeyApi',
				data: account.keyCredential(),
				status: 'Error',
				message: NO_PERMISSION,
			});
		});
		await context.check(
			'an http Base URL elsewhere is refused before anything is sent',
			async () => {
				const data = account.tokenCredential({ baseUrl: 'http://api.cloudflare.com/client/v4' });
				const { status, message } = await n8n.testCredential(
					await n8n.createCredential('cloudflareMagicTokenApi', data),
				);
				assert.equal(status, 'Error');
				assert.match(message, /https:\/\//);
			},
		);
		await context.check('n8n never answers the secrets that it stores', async () => {
			const stored = await n8n.rest.call<Array<{ id: string }>>('GET', 'credentials');
			const details = await Promise.all(
				stored.map(
					async ({ id }) => await n8n.rest.call('GET', `credentials/${id}?includeData=true`),
				),
			);
			const { apiToken, apiKey } = account.credentials;
			const text = JSON.stringify(details);
			assert.ok(text.includes(account.accountId), 'the fields that are no secret are there');
			for (const secret of [apiToken, apiKey]) assert.ok(!text.includes(secret));
		});
	},
};
