import { CloudflareClient } from '../../nodes/api/client';
import type { IpsecTunnel } from '../../nodes/api/types';
import type { Attempt, Verdict } from '../../nodes/CloudflareMagicIpsec/keys/attempt';
import { toOutputs } from '../../nodes/CloudflareMagicIpsec/psk/outcome';
import type { KeySource } from '../../nodes/CloudflareMagicIpsec/psk/settle';
import { settle } from '../../nodes/CloudflareMagicIpsec/psk/settle';
import type { Transport } from '../../nodes/http/transport';
import { useVirtualClock } from '../helpers/virtualClock';

/** Every verdict on a key with every sight of it afterwards, and what the workflow is told. */

useVirtualClock();

const ID = 'ab'.repeat(16);
const OTHER_ID = 'cd'.repeat(16);
const ACCOUNT = 'ef'.repeat(16);
const KEY = 'the key of the attempt';

const BEFORE = '2026-11-01T00:00:00.000001Z';
const AFTER = '2026-11-21T10:00:00.000002Z';
const ELSEWHEN = '2026-11-21T11:00:00.000003Z';

const dated = (date: string) => ({ psk_metadata: { last_generated_on: date } });
const NEVER = { psk_metadata: {} };

const tunnelOf = (more: object, id = ID) =>
	({ id, name: 'site', ...more }) as unknown as IpsecTunnel;

const answered = (status: number, body: object) =>
	({ kind: 'answer', status, headers: {}, body }) as const;

const listed = (...tunnels: object[]) =>
	answered(200, { success: true, result: { ipsec_tunnels: tunnels } });

const notThere = answered(404, { success: false, errors: [{ code: 1032, message: 'not found' }] });
const failed = answered(403, { success: false, errors: [{ code: 10000, message: 'no' }] });

/** What was known before, and what the list and the tunnel itself answer afterwards. */
type Sight = [before: object, list: object, tunnel: object];

const SIGHTS = {
	same: [dated(BEFORE), listed(tunnelOf(dated(BEFORE))), failed],
	moved: [dated(BEFORE), listed(tunnelOf(dated(AFTER))), failed],
	first: [NEVER, listed(tunnelOf(dated(AFTER))), failed],
	never: [NEVER, listed(tunnelOf(NEVER), tunnelOf(dated(BEFORE), OTHER_ID)), failed],
	undated: [NEVER, listed(tunnelOf(NEVER)), failed],
	untoldBefore: [{}, listed(tunnelOf(dated(AFTER))), failed],
	untoldAfter: [dated(BEFORE), listed(tunnelOf({})), failed],
	neverAfter: [dated(BEFORE), listed(tunnelOf(NEVER)), failed],
	unreadable: [dated(BEFORE), failed, failed],
	gone: [dated(BEFORE), listed(), notThere],
	doubtful: [dated(BEFORE), listed(), failed],
	unlisted: [
		dated(BEFORE),
		listed(),
		answered(200, { success: true, result: { ipsec_tunnel: tunnelOf(dated(AFTER)) } }),
	],
} satisfies Record<string, Sight>;

type SightName = keyof typeof SIGHTS;

const VERDICTS = {
	accepted: { kind: 'accepted', ipsecId: `1_${ID}`, lastGeneratedOn: AFTER },
	acceptedUndated: { kind: 'accepted' },
	acceptedElsewhen: { kind: 'accepted', lastGeneratedOn: ELSEWHEN },
	refusedByName: { kind: 'refused', byName: true, reason: 'too plain' },
	refusedByStatus: { kind: 'refused', byName: false, reason: 'HTTP 400' },
	notSent: { kind: 'notSent', reason: 'stopped' },
	unclear: { kind: 'unclear', reason: 'lost' },
} satisfies Record<string, Verdict>;

interface Change {
	validateOnly?: boolean;
	source?: KeySource;
	psk?: string;
}

async function outcomeOf(verdict: keyof typeof VERDICTS, sight: SightName, change: Change = {}) {
	const { validateOnly, source, psk } = {
		validateOnly: false,
		source: 'given',
		psk: KEY,
		...change,
	} as const;
	const [before, list, tunnel] = SIGHTS[sight] as Sight;
	let requests = 0;
	const transport: Transport = async ({ url }) => {
		requests++;
		return (url.endsWith(ID) ? tunnel : list) as never;
	};
	const baseUrl = 'https://gateway.example.com';
	const client = new CloudflareClient({ transport, baseUrl, accountId: ACCOUNT, secrets: [] });
	const attempt: Attempt = {
		target: { itemIndex: 3, client, tunnel: tunnelOf(before), validateOnly },
		psk,
		verdict: VERDICTS[verdict],
	};
	const [outcome] = await settle([attempt], source);
	return { outcome: outcome!, requests };
}

const SIGHT_NAMES = Object.keys(SIGHTS) as SightName[];

/** By sight, the status of the outcome; `+` where it is verified. */
async function statuses(verdict: keyof typeof VERDICTS, change?: Change) {
	const all: Partial<Record<SightName, string>> = {};
	for (const sight of SIGHT_NAMES) {
		const { outcome } = await outcomeOf(verdict, sight, change);
		all[sight] = outcome.status + ('verified' in outcome && outcome.verified ? '+' : '');
	}
	return all;
}

const all = (status: string, others: Partial<Record<SightName, string>> = {}) => ({
	...Object.fromEntries(SIGHT_NAMES.map((sight) => [sight, status])),
	...others,
});

describe('a change of a key', () => {
	const SEEN = {
		moved: 'applied+',
		first: 'applied+',
		unlisted: 'applied+',
	};

	it('that was accepted is applied, and verified by the date of the answer', async () => {
		expect(await statuses('accepted')).toEqual(all('applied', SEEN));
		expect(await statuses('acceptedUndated')).toEqual(all('applied'));
		expect(await statuses('acceptedElsewhen')).toEqual(all('applied'));
	});

	it("that Cloudflare's answer made is unknown where another key is live", async () => {
		const answeredKey: Change = { source: 'answered' };
		expect(await statuses('accepted', answeredKey)).toEqual(all('applied', SEEN));
		expect(await statuses('acceptedUndated', answeredKey)).toEqual(all('applied'));
		expect(await statuses('acceptedElsewhen', answeredKey)).toEqual(
			all('applied', { moved: 'unknown', first: 'unknown', unlisted: 'unknown' }),
		);
	});

	it('that was refused by name is unapplied unless the key has moved', async () => {
		expect(await statuses('refusedByName')).toEqual(
			all('unapplied', { moved: 'unknown', first: 'unknown', unlisted: 'unknown' }),
		);
	});

	it('that was refused by a status is unapplied only where the key is seen not to have moved', async () => {
		expect(await statuses('refusedByStatus')).toEqual(
			all('unknown', { same: 'unapplied', never: 'unapplied' }),
		);
	});

	it('that was not sent is unapplied, and nobody looks', async () => {
		expect(await statuses('notSent')).toEqual(all('unapplied'));
		expect((await outcomeOf('notSent', 'moved')).requests).toBe(0);
	});

	it('that is unclear is unknown', async () => {
		expect(await statuses('unclear')).toEqual(all('unknown'));
	});
});

describe('a check of a key', () => {
	const check: Change = { validateOnly: true };

	it('that was accepted is validated where nothing has moved, or no date is ever shown', async () => {
		const good = { same: 'validated', never: 'validated', undated: 'validated' };
		expect(await statuses('accepted', check)).toEqual(all('unknown', good));
		expect(await statuses('accepted', { ...check, source: 'made' })).toEqual(all('unknown', good));
		expect(await statuses('accepted', { ...check, source: 'answered' })).toEqual(
			all('unknown', { same: 'validated', never: 'validated' }),
		);
	});

	it('and answered without a key is believed where no date is ever shown: none can be lost', async () => {
		const change: Change = { ...check, source: 'answered', psk: undefined };
		expect((await statuses('accepted', change)).undated).toBe('validated');
	});

	it('says whether anybody could look, and holds the key that was made here only', async () => {
		for (const [source, sight, psk, seen] of [
			['given', 'same', undefined, true],
			['made', 'same', KEY, true],
			['made', 'undated', KEY, false],
		] as const) {
			const { outcome } = await outcomeOf('accepted', sight, { ...check, source });
			expect([outcome.status, 'psk' in outcome ? outcome.psk : undefined]).toEqual([
				'validated',
				psk,
			]);
			expect(outcome).toMatchObject({ seen });
		}
	});

	it('that was refused is judged as a change is', async () => {
		for (const verdict of ['refusedByName', 'refusedByStatus', 'notSent'] as const) {
			expect(await statuses(verdict, check)).toEqual(await statuses(verdict));
		}
	});

	it('that is unclear changed nothing where nothing has moved', async () => {
		expect(await statuses('unclear', check)).toEqual(
			all('unknown', { same: 'unapplied', never: 'unapplied' }),
		);
	});
});

describe('the words', () => {
	const said = async (...parameters: Parameters<typeof outcomeOf>) => {
		const { outcome } = await outcomeOf(...parameters);
		return 'reason' in outcome ? outcome.reason : undefined;
	};

	const KEEP = 'Keep this key, and run Set with it: setting the same key twice does no harm.';

	it.each<[SightName, string]>([
		[
			'moved',
			`Lost. Cloudflare's date of the key has moved, so a new key is probably live. ${KEEP}`,
		],
		[
			'same',
			`Lost. Cloudflare's date of the key has not moved, so the old key is probably still live. ${KEEP}`,
		],
		['gone', 'Lost. The account no longer has the tunnel.'],
		[
			'unreadable',
			`Lost. Cloudflare's dates of the key, before and afterwards, could not be compared. ${KEEP}`,
		],
		[
			'undated',
			`Lost. Cloudflare's dates of the key, before and afterwards, could not be compared. ${KEEP}`,
		],
	])('tell what was seen: %s', async (sight, words) => {
		expect((await said('unclear', sight))?.toLowerCase()).toBe(words.toLowerCase());
	});

	it('tell what happened', async () => {
		const check: Change = { validateOnly: true };
		expect(await said('acceptedElsewhen', 'moved', { source: 'answered' })).toContain(
			'The answer tells another date of the key than Cloudflare shows now',
		);
		expect(await said('accepted', 'moved', check)).toContain(
			'The key was only to be checked, and it was changed',
		);
		expect(await said('accepted', 'unreadable', check)).toContain(
			'Cloudflare accepted the key that was only to be checked.',
		);
		expect(await said('unclear', 'same', check)).toContain(
			"Whether the key passes Cloudflare's check is not known; nothing was changed.",
		);
		expect(await said('refusedByName', 'same')).toBe('too plain');
		expect(await said('notSent', 'same', check)).toBe('stopped');
	});

	it('tell to set a key where none is known', async () => {
		expect(await said('unclear', 'moved', { psk: undefined })).toContain(
			'Set a key of your own for this tunnel to be sure.',
		);
	});
});

describe('the items', () => {
	const subject = { itemIndex: 0, tunnelId: ID };

	const textOf = (outcome: object) => {
		const [secret, notification] = toOutputs([{ ...subject, ...outcome } as never]);
		expect(notification).toHaveLength(1);
		expect(notification![0]!.json).not.toHaveProperty('psk');
		return { message: notification![0]!.json.message, keys: secret!.map(({ json }) => json.psk) };
	};

	const named = { tunnelName: 'site' };

	it.each<[object, string, string[]]>([
		[
			{ ...named, status: 'prepared', psk: KEY },
			"A new PSK for tunnel 'site' is ready; it is not live yet.",
			[KEY],
		],
		[
			{ ...named, status: 'validated', psk: KEY, seen: true },
			"A new PSK for tunnel 'site' is ready and passed Cloudflare's check; it is not live yet.",
			[KEY],
		],
		[
			{ ...named, status: 'validated', seen: true },
			"Cloudflare checked the PSK change of tunnel 'site'; nothing was changed.",
			[],
		],
		[
			{ ...named, status: 'validated', seen: false },
			"Cloudflare checked the PSK change of tunnel 'site'. Cloudflare shows no date of any key of the account, so only its word says that the check changed nothing.",
			[],
		],
		[
			{ ...named, status: 'applied', psk: KEY, verified: true },
			"The new PSK of tunnel 'site' is live at Cloudflare, and Cloudflare's tunnel list confirms it.",
			[KEY],
		],
		[
			{ ...named, status: 'applied', psk: KEY, verified: false, reason: 'it says why.' },
			"Cloudflare says that the new PSK of tunnel 'site' is live, but its tunnel list does not confirm it: it says why.",
			[KEY],
		],
		[
			{ status: 'unapplied', reason: 'no' },
			`The PSK of tunnel ${ID} was not changed, and the old one is still live: no`,
			[],
		],
		[
			{ tunnelId: undefined, status: 'unknown', psk: KEY, reason: 'lost' },
			'It is not known whether the PSK of tunnel (not known) was changed: lost',
			[KEY],
		],
		[
			{ status: 'unknown', reason: 'lost' },
			`It is not known whether the PSK of tunnel ${ID} was changed: lost`,
			[],
		],
	])('of %j say it in one sentence', (outcome, message, keys) => {
		expect(textOf(outcome)).toEqual({ message, keys });
	});

	it('hold all that is known, null for the rest, and stand in the order of the input', () => {
		const applied = {
			itemIndex: 2,
			accountId: ACCOUNT,
			tunnelId: ID,
			tunnelName: 'site',
			ipsecId: '1_a',
			lastGeneratedOn: AFTER,
			status: 'applied' as const,
			psk: KEY,
			verified: true as const,
		};
		const unapplied = { itemIndex: 1, status: 'unapplied' as const, reason: 'no' };
		const [secret, notification] = toOutputs([applied, unapplied]);
		expect(secret).toEqual([
			{
				json: {
					status: 'applied',
					account_id: ACCOUNT,
					ipsec_tunnel_id: ID,
					tunnel_name: 'site',
					ipsec_id: '1_a',
					last_generated_on: AFTER,
					verified: true,
					reason: null,
					psk: KEY,
				},
				pairedItem: { item: 2 },
			},
		]);
		expect(notification!.map(({ pairedItem }) => pairedItem)).toEqual([{ item: 1 }, { item: 2 }]);
		expect(notification![0]!.json).toEqual({
			status: 'unapplied',
			account_id: null,
			ipsec_tunnel_id: null,
			tunnel_name: null,
			ipsec_id: null,
			last_generated_on: null,
			verified: false,
			reason: 'no',
			message: 'The PSK of tunnel (not known) was not changed, and the old one is still live: no',
		});
	});

	it('tell the date that is live and the id of the key as the answer gives them', async () => {
		const { outcome } = await outcomeOf('accepted', 'moved');
		expect(outcome).toMatchObject({
			itemIndex: 3,
			accountId: ACCOUNT,
			tunnelId: ID,
			tunnelName: 'site',
			ipsecId: `1_${ID}`,
			lastGeneratedOn: AFTER,
			psk: KEY,
		});
		const unknown = await outcomeOf('unclear', 'moved');
		expect(unknown.outcome).toMatchObject({ lastGeneratedOn: AFTER, psk: KEY });
		const unseen = await outcomeOf('unclear', 'unreadable');
		expect(unseen.outcome.lastGeneratedOn).toBe(BEFORE);
	});
});
