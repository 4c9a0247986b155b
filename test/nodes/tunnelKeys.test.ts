import type { IDataObject } from 'n8n-workflow';
import { useAccount } from '../helpers/account';
import { PACKAGE_NAME } from '../helpers/engine';
import { leaksIn } from '../helpers/scanner';
import { byId, runTunnel } from '../helpers/tunnelRun';
import { useVirtualClock } from '../helpers/virtualClock';
import { ECHO_FORMS } from '../simulator/echoes';

/**
 * Keys that Create, Update and Update Many take: the rules of the psk operations hold for them, no
 * change is lost, and no output holds a key.
 */

const account = useAccount({ tunnels: 3, seed: 1 });
useVirtualClock();

const KEYS = ['FIRST-Key-aaaa-1111111', 'SECOND-key-bbbb-2222222', 'THIRD-key-cccc-33333333'];

const sites = (): IDataObject[] =>
	KEYS.map((psk, index) => ({
		site: `site-${index}`,
		inside: `10.99.0.${index * 2}/31`,
		psk,
		deep: { vault: { data: [psk, 'kept'] }, note: `key=${psk}` },
		port: 500,
	}));

const create = async (change: IDataObject = {}, fields: IDataObject = {}) =>
	await runTunnel(account(), 'create', {
		name: '={{ $json.site }}',
		cloudflareEndpoint: account().tunnels()[0]!.cloudflare_endpoint,
		interfaceAddress: '={{ $json.inside }}',
		additionalFields: { psk: '={{ $json.psk }}', ...fields },
		items: sites(),
		...change,
	});

/** The parameters of each operation that takes a key, for the account's tunnels. */
const OPERATIONS: Array<[string, (psk: unknown) => IDataObject]> = [
	[
		'create',
		(psk) => ({
			name: '={{ $json.site }}',
			cloudflareEndpoint: account().tunnels()[0]!.cloudflare_endpoint,
			interfaceAddress: '={{ $json.inside }}',
			additionalFields: { psk } as IDataObject,
			items: sites(),
		}),
	],
	...['update', 'updateMany'].map((operation): [string, (psk: unknown) => IDataObject] => [
		operation,
		(psk) => ({
			tunnelId: byId('={{ $json.id }}'),
			mode: 'merge',
			updateFields: { psk } as IDataObject,
			items: sites().map((site, index) => ({ id: account().tunnels()[index]!.id, ...site })),
		}),
	]),
];

const live = (): string[] =>
	account()
		.tunnels()
		.map(({ id }) => account().liveKey(id) ?? '');

describe.each(OPERATIONS)('%s with a key', (operation, parametersWith) => {
	const run = async (psk: unknown, change: IDataObject = {}) =>
		await runTunnel(account(), operation, { ...parametersWith(psk), ...change });

	it('sets the keys of the items, and no output holds one', async () => {
		const { jsons, error, run: whole } = await run('={{ $json.psk }}');
		expect(error).toBeUndefined();
		expect(jsons[0]).toHaveLength(3);
		expect(live()).toEqual(expect.arrayContaining(KEYS));
		expect(leaksIn(jsons, KEYS)).toEqual([]);
		expect(JSON.stringify(jsons)).not.toContain('psk"');
		expect(whole.status).toBe('success');
	});

	it.each(['typed-in-key-0000', '=typed-in-key-0000', "={{ 'typed-in-key-0000' }}"])(
		'refuses a key that was typed in (%s), and nothing was changed',
		async (psk) => {
			const before = live();
			const { error } = await run(psk);
			expect(error?.message).toContain("'Pre-Shared Key' holds a key that was typed in");
			expect(error?.description).toContain('Allow Literal Key');
			expect(leaksIn(error, ['typed-in-key-0000'])).toEqual([]);
			expect(live()).toEqual(before);
			const allowed = await run(psk, { options: { allowLiteral: true } });
			expect(allowed.error).toBeUndefined();
			expect(live()).toContain('typed-in-key-0000');
		},
	);

	it('refuses an AI agent', async () => {
		const before = live();
		const { error } = await run('={{ $json.psk }}', {
			node: { type: `${PACKAGE_NAME}.cloudflareMagicIpsecTool` },
		});
		expect(error?.message).toContain("'Pre-Shared Key' can't be set by an AI agent");
		expect(live()).toEqual(before);
	});

	it("tells of an expression that fails without n8n's words", async () => {
		const { error } = await run(`={{ $('${KEYS[0]}').item.json.psk }}`);
		expect(error?.message).toContain("'Pre-Shared Key' holds an expression that failed");
		expect(JSON.stringify(error)).not.toContain(KEYS[0]);
	});

	it('an item without a key is refused, and not sent without it', async () => {
		const { error } = await run('={{ $json.missing }}');
		expect(error?.message).toContain("'Pre-Shared Key' holds no key");
		expect(account().requests.some(({ method }) => method !== 'GET')).toBe(false);
	});

	it('in the mode Continue, an item that is refused takes no key along', async () => {
		const { jsons } = await run('={{ $json.psk }}', {
			options: { timeout: '={{ $itemIndex === 1 ? 0 : 60 }}' },
			node: { onError: 'continueRegularOutput' },
		});
		const failed = jsons[0]!.filter(({ error }) => error !== undefined);
		expect(failed).toEqual([
			{ error: expect.stringContaining("'Timeout'") as string, may_have_changed: false },
		]);
		expect(leaksIn(jsons, KEYS)).toEqual([]);
	});

	it.each([
		['={{ $json.psk }}', 'of which n8n knows it'],
		['={{ $json.deep.vault.data[0] }}', 'from deep inside'],
		["={{ $json.deep.note.split('=')[1] }}", 'that is a part of a text'],
		['={{ JSON.parse($json.deep.note).psk }}', 'that can not be told'],
	])('the error output gets nothing of an input with a key (%s), %s', async (psk) => {
		const { jsons, outputs } = await run(psk, {
			options: { timeout: 0 },
			node: { onError: 'continueErrorOutput' },
		});
		expect(jsons[0]).toEqual([]);
		expect(jsons[1]).toEqual(
			sites().map(() => ({
				error: expect.any(String) as string,
				details: { may_have_changed: false },
			})),
		);
		expect(outputs[1]!.map(({ pairedItem }) => pairedItem)).toEqual([0, 1, 2]);
	});

	it('the error output gets an input without a key, as n8n gives it', async () => {
		const { jsons } = await run(undefined, {
			items: sites().map(({ site }) => ({ site })),
			node: { onError: 'continueErrorOutput' },
			...(operation === 'create' ? { additionalFields: {} } : { updateFields: {} }),
		});
		expect(jsons[1]!.map(({ site }) => site)).toEqual(['site-0', 'site-1', 'site-2']);
	});
});

describe('an answer that echoes the key', () => {
	it.each(Object.entries(ECHO_FORMS).filter(([form]) => !['reversed', 'utf16'].includes(form)))(
		'%s: is shown without it, and with everything else',
		async (_, form) => {
			const [key = ''] = KEYS;
			account().faults.add({
				kind: 'rewrite',
				operation: 'create',
				change: (body) => {
					const { result, ...rest } = body as { result: IDataObject };
					const echoed = { psk: key, note: form(key), nested: [{ psk: key, was: form(key) }] };
					return { ...rest, result: { ...result, ...echoed } };
				},
			});
			const { jsons } = await create({ items: sites().slice(0, 1) }, { description: 'FIRST-site' });
			const [made] = account()
				.tunnels()
				.filter(({ name }) => name === 'site-0');
			expect(jsons[0]![0]).toMatchObject({
				id: made!.id,
				name: 'site-0',
				description: 'FIRST-site',
				interface_address: '10.99.0.0/31',
				created_on: made!.created_on,
				account_id: account().accountId,
			});
			expect(JSON.stringify(jsons)).not.toContain(form(key));
			expect(JSON.stringify(jsons)).not.toContain('psk"');
		},
	);
});

describe('Create, when an item fails', () => {
	it('before anything was made: the run stops, and says so', async () => {
		account().faults.add({ operation: 'create', kind: 'status', status: 400, code: 1022 });
		const { error } = await create();
		expect(error?.description).toContain('code 1022');
		expect(error?.context).toMatchObject({ itemIndex: 0 });
		expect(account().tunnels()).toHaveLength(3);
	});

	it('after others were made: every item ends as an item, and a hint says so', async () => {
		account().faults.add({ operation: 'create', skip: 1, kind: 'status', status: 400, code: 1022 });
		const { jsons, outputs, error, hints } = await create();
		expect(error).toBeUndefined();
		expect(jsons[0]).toEqual([
			expect.objectContaining({ name: 'site-0', id: account().tunnels()[3]!.id }),
			{
				error: expect.stringContaining("Could not create the tunnel 'site-1'") as string,
				name: 'site-1',
				account_id: account().accountId,
				may_have_changed: false,
			},
			expect.objectContaining({ name: 'site-2', id: account().tunnels()[4]!.id }),
		]);
		expect(outputs[0]!.map(({ pairedItem }) => pairedItem)).toEqual(
			[0, 1, 2].map((item) => ({ item })),
		);
		expect(hints.map(({ message }) => message)).toEqual([
			expect.stringContaining('1 of 3 items failed'),
		]);
	});

	it('the error output gets the failed item, without its key', async () => {
		account().faults.add({ operation: 'create', skip: 1, kind: 'status', status: 400, code: 1022 });
		const { jsons } = await create({ node: { onError: 'continueErrorOutput' } });
		expect(jsons[0]!.map(({ name }) => name)).toEqual(['site-0', 'site-2']);
		expect(jsons[1]).toEqual([
			{
				error: expect.stringContaining("Could not create the tunnel 'site-1'") as string,
				details: { name: 'site-1', account_id: account().accountId, may_have_changed: false },
			},
		]);
		expect(leaksIn(jsons, KEYS)).toEqual([]);
	});

	it.each([
		['with an answer that is lost', { kind: 'reset', when: 'after' }, true],
		['with a request that is lost', { kind: 'reset', when: 'before' }, false],
		['with an answer that nobody can read', { kind: 'html', when: 'after', status: 200 }, true],
		['with a server in trouble', { kind: 'status', when: 'before', status: 502 }, false],
	] as const)('%s: the word is kept, with a look for the tunnel', async (_, fault, exists) => {
		account().faults.add({ operation: 'create', ...fault });
		const { jsons, error } = await create();
		expect(error).toBeUndefined();
		const made = account()
			.tunnels()
			.find(({ name }) => name === 'site-0');
		expect(jsons[0]![0]).toEqual({
			error: expect.stringMatching(
				exists ? new RegExp(`with the ID ${made!.id}`) : /shows no tunnel of this name/,
			) as string,
			name: 'site-0',
			account_id: account().accountId,
			may_have_changed: true,
			exists,
			...(exists ? { id: made!.id } : {}),
		});
		expect(jsons[0]).toHaveLength(3);
		expect(leaksIn(jsons, KEYS)).toEqual([]);
	});

	it('with an answer that is lost and a list that fails: exists is not known', async () => {
		account().faults.add({ operation: 'create', kind: 'reset', when: 'after' });
		account().faults.add({ operation: 'list', kind: 'status', status: 403, code: 10000 });
		const { jsons } = await create();
		expect(jsons[0]![0]).toMatchObject({ may_have_changed: true, exists: null });
	});

	it.each(['stopWorkflow', 'continueRegularOutput'])(
		'refuses to start with Retry On Fail (%s)',
		async (onError) => {
			const { jsons, error } = await create({
				node: { retryOnFail: true, maxTries: 2, waitBetweenTries: 0, onError },
			});
			const said = `${error?.description ?? ''}${String(jsons[0]?.[0]?.error)}`;
			expect(said).toContain("Turn 'Retry On Fail' off");
			expect(account().requests).toHaveLength(0);
		},
	);
});

describe('Update and Delete, when an item fails', () => {
	const ids = (): IDataObject[] =>
		account()
			.tunnels()
			.map(({ id, name }, index) => ({ id, name, psk: KEYS[index] }));

	it.each(['update', 'updateMany'])(
		'%s whose answer is lost tells what Cloudflare shows',
		async (operation) => {
			const sent = operation === 'update' ? 'update' : 'bulkUpdate';
			const run = async (when: 'before' | 'after', text: string) => {
				account().faults.add({ operation: sent, kind: 'reset', when });
				const { jsons } = await runTunnel(account(), operation, {
					tunnelId: byId('={{ $json.id }}'),
					mode: 'merge',
					updateFields: { description: text, psk: '={{ $json.psk }}' },
					items: ids().slice(0, 1),
				});
				expect(leaksIn(jsons, KEYS)).toEqual([]);
				return jsons[0]![0]!;
			};
			const [first] = ids();
			const made = await run('after', 'new text');
			expect(made).toMatchObject({ id: first!.id, may_have_changed: true });
			expect(made.error).toContain(
				'Cloudflare shows that of the tunnel have changed: description, psk_metadata, modified_on.',
			);
			const lost = await run('before', 'newer text');
			expect(lost).toMatchObject({ id: first!.id, may_have_changed: true });
			expect(lost.error).toContain('Cloudflare shows the tunnel as it was before');
		},
	);

	it.each(['before', 'after'] as const)('Delete whose answer is lost (%s)', async (when) => {
		account().faults.add({ operation: 'delete', skip: 1, kind: 'reset', when });
		const items = ids();
		const { jsons, error } = await runTunnel(account(), 'delete', {
			tunnelId: byId('={{ $json.id }}'),
			items,
		});
		expect(error).toBeUndefined();
		expect(jsons[0]!.map(({ deleted, exists }) => deleted ?? { exists })).toEqual([
			true,
			{ exists: when === 'before' },
			true,
		]);
		expect(jsons[0]![1]).toMatchObject({ id: items[1]!.id, may_have_changed: true });
	});

	it('Delete goes on after the first tunnel that is gone, and names the one that failed', async () => {
		const items = ids();
		items[1]!.id = 'e'.repeat(32);
		const { jsons, error } = await runTunnel(account(), 'delete', {
			tunnelId: byId('={{ $json.id }}'),
			items,
		});
		expect(error).toBeUndefined();
		expect(jsons[0]![1]).toEqual({
			error: expect.stringContaining('code 1032') as string,
			id: 'e'.repeat(32),
			account_id: account().accountId,
			may_have_changed: false,
		});
		expect(account().tunnels()).toHaveLength(1);
	});

	it('Delete refuses Retry On Fail, which would look in vain for what is deleted', async () => {
		const { error } = await runTunnel(account(), 'delete', {
			tunnelId: byId('={{ $json.id }}'),
			items: ids(),
			node: { retryOnFail: true, waitBetweenTries: 0 },
		});
		expect(error?.description).toContain("Turn 'Retry On Fail' off");
		expect(account().tunnels()).toHaveLength(3);
	});

	it.each(['get', 'delete'])("%s puts no item's psk on the error output", async (operation) => {
		const { jsons } = await runTunnel(account(), operation, {
			tunnelId: byId('={{ $json.id + "0" }}'),
			simplify: true,
			items: ids(),
			node: { onError: 'continueErrorOutput' },
		});
		expect(jsons[1]!.map(({ error }) => error)).toEqual(
			ids().map(() => expect.stringContaining('holds no tunnel ID') as string),
		);
		expect(leaksIn(jsons, KEYS)).toEqual([]);
	});
});
