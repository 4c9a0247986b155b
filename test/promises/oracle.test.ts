import type { IDataObject } from 'n8n-workflow';
import { useAccount } from '../helpers/account';
import { KeyLedger } from '../helpers/ledger';
import type { PskOutputs, PskRun } from '../helpers/pskOutcomes';
import { pskFindings } from '../helpers/pskOutcomes';
import { createCaller } from '../simulator/caller';
import { ECHO_FORMS } from '../simulator/echoes';

/**
 * The oracle sees what it is there for: true outcomes and false ones, made up for changes that are
 * really made.
 */

const account = useAccount({ tunnels: 3, seed: 51, ageDays: [10, 20, 30] });

const KEY = 'Wn5Xk2Rb8Yt4Lq7Dz1Mv6Hc3Jf9Pg0Sa';
const OTHER = 'Bq3Zs8Nd1Vx6Kw4Tf7Ry2Lm9Gh5Cj0Pe';

let ledger: KeyLedger;
let first: string;
let second: string;
let name: string;

beforeEach(() => {
	const [one, two] = account().tunnels();
	[first, second, name] = [one!.id, two!.id, one!.name];
	ledger = new KeyLedger(account());
});

const post = async (path: string, body?: object): Promise<IDataObject> =>
	(await createCaller(account()).magic('POST', path, { body: body ?? {} })).body
		.result as IDataObject;
const set = (psks: Array<{ id: string; psk: string }>, query = '') =>
	post(`/psk${query}`, { psks });
const generate = async (id: string) => String((await post(`/${id}/psk_generate`)).psk);

type Outcome = [id: string, status: string, psk?: string, more?: IDataObject];

/** The two outputs; an outcome with a key is on both. */
const outputs = (...outcomes: Outcome[]): PskOutputs => ({
	secret: outcomes.flatMap(([ipsec_tunnel_id, status, psk, more]) =>
		psk === undefined ? [] : [{ ipsec_tunnel_id, status, psk, ...more }],
	),
	notification: outcomes.map(([ipsec_tunnel_id, status, , more]) => ({
		ipsec_tunnel_id,
		status,
		...more,
	})),
	stopped: false,
});

const SETS: PskRun = { checks: false, makesKeys: false, mayBeUnknown: false };
const SPOILT: PskRun = { ...SETS, mayBeUnknown: true };
const CHECKS: PskRun = { checks: true, makesKeys: true, mayBeUnknown: true };

const judge = (given: PskOutputs, run = SETS, asked = [first]): string[] =>
	pskFindings(ledger, given, asked, run);

describe('a key that was set', () => {
	beforeEach(() => set([{ id: first, psk: KEY }]));

	it.each<[string, string | undefined, IDataObject, string[]]>([
		['applied', KEY, { verified: true }, []],
		['applied', OTHER, {}, ['the item does not hold the live key', 'the live key is lost']],
		['unknown', KEY, {}, ['unknown, although the answer was clear']],
		['unapplied', undefined, {}, ['unapplied, but the key was changed', 'the live key is lost']],
		['validated', undefined, {}, ['only validated', 'the live key is lost']],
		['fine', KEY, {}, ['status fine']],
	])('told as %s with the key %p', (status, psk, more, wrong) => {
		expect(judge(outputs([first, status, psk, more]))).toEqual(
			wrong.map((what) => `${name}: ${what}`),
		);
	});

	it('may be unknown where an answer was spoilt, but not lost', () => {
		expect(judge(outputs([first, 'unknown', KEY]), SPOILT)).toEqual([]);
		expect(judge(outputs([first, 'unknown']), SPOILT)).toEqual([`${name}: the live key is lost`]);
	});

	it('is nothing to stop after', () => {
		expect(judge({ ...outputs(), stopped: true })).toEqual([
			`${name}: stopped, although the key was changed`,
		]);
	});

	it('has one outcome, and the same on both outputs', () => {
		expect(judge(outputs())).toContain(`${name}: 0 outcomes`);
		expect(judge(outputs([first, 'applied', KEY], [first, 'applied', KEY]))).toEqual([
			`${name}: 2 outcomes`,
		]);
		const { secret } = outputs([first, 'unknown', KEY]);
		expect(judge({ ...outputs([first, 'applied']), secret })).toEqual([
			`${name}: Secret and Notification tell different outcomes`,
		]);
	});

	it('is not sought by how its id is written', () => {
		expect(judge(outputs([first.toUpperCase(), 'applied', KEY]))).toEqual([]);
	});

	it('may be replaced by somebody else, who answers for it then', () => {
		account().setKey(first, OTHER);
		expect(judge(outputs([first, 'applied', KEY, { verified: false }]))).toEqual([]);
		expect(judge(outputs([first, 'applied', KEY, { verified: true }]))).toEqual([
			`${name}: verified, but not live`,
		]);
	});

	it('goes to no output but Secret', () => {
		const items = [[{ id: first, psk: KEY }]];
		expect(judge({ ...outputs([first, 'applied', KEY]), others: items })).toEqual([
			'an item on the error output',
		]);
		expect(ledger.leaked(items)).toEqual([KEY]);
	});
});

describe('a key that was only to be checked', () => {
	it('is validated while nothing has changed', async () => {
		await set([{ id: first, psk: KEY }], '?validate_only=true');
		expect(judge(outputs([first, 'validated', KEY]), CHECKS)).toEqual([]);
		expect(judge(outputs([first, 'validated']), CHECKS)).toEqual([
			`${name}: validated with the wrong key`,
		]);
		expect(judge(outputs([first, 'validated', KEY]), { ...CHECKS, makesKeys: false })).toEqual([
			`${name}: validated with the wrong key`,
		]);
	});

	it.each(['applied', 'validated'] as const)(
		'is live when that is not known, %s',
		async (answer) => {
			account().faults.add({ kind: 'ignoreValidateOnly', answer });
			await set([{ id: first, psk: KEY }], '?validate_only=true');
			expect(judge(outputs([first, 'validated', KEY]), CHECKS)).toEqual([
				`${name}: validated, although the key was changed`,
			]);
			expect(judge(outputs([first, 'unapplied']), CHECKS)).toContain(
				`${name}: the live key is lost`,
			);
			expect(judge(outputs([first, 'unknown', KEY]), CHECKS)).toEqual([]);
		},
	);

	it('is lost only if it was shown', async () => {
		account().faults.add({ kind: 'ignoreValidateOnly', answer: 'validated' });
		const { psk } = await post(`/${first}/psk_generate?validate_only=true`);
		expect(psk).not.toBe(account().liveKey(first));
		expect(judge(outputs([first, 'unknown']), CHECKS)).toEqual([]);
		account().faults.add({ kind: 'ignoreValidateOnly' });
		const shown = await post(`/${first}/psk_generate?validate_only=true`);
		expect(shown.psk).toBe(account().liveKey(first));
		expect(judge(outputs([first, 'unknown']), CHECKS)).toEqual([`${name}: the live key is lost`]);
	});
});

describe('a key that Cloudflare made', () => {
	it.each<[string, object, boolean]>([
		['shown', {}, true],
		['shown without an envelope', { kind: 'envelope', form: 'unwrapped' }, true],
		['shown beside success: false', { kind: 'envelope', form: 'falseSuccess' }, true],
		['shown for another tunnel', { kind: 'otherId' }, true],
		['dripped', { kind: 'drip', chunkBytes: 40, everyMs: 0 }, true],
		['cut off', { kind: 'truncatedJson' }, false],
		['never shown', { kind: 'body', body: '{"success":true}', when: 'after' }, false],
		['in an error only', { kind: 'status', status: 500, code: 1, when: 'after' }, false],
	])('%s', async (_name, fault, isShown) => {
		if ('kind' in fault) account().faults.add({ operation: 'pskGenerate', ...fault } as never);
		await createCaller(account())
			.send('POST', `${createCaller(account()).tunnels}/${first}/psk_generate`)
			.then(({ body }) => body.text());
		const live = account().liveKey(first)!;
		expect(account().showedKey(live)).toBe(isShown);
		expect(ledger.lost([])).toEqual(isShown ? [name] : []);
		expect(ledger.lost([{ psk: live }])).toEqual([]);
	});

	it('is kept under whatever name, when answers change places', async () => {
		account().faults.add({ kind: 'swapAnswers', with: 'previous', times: 2 });
		const shown = [await generate(first), await generate(second)];
		expect(shown).toEqual([account().liveKey(first), account().liveKey(first)]);
		const both = [first, second];
		expect(judge(outputs([first, 'applied', shown[0]], [second, 'unknown']), SPOILT, both)).toEqual(
			[],
		);
		const wrong = outputs([first, 'applied', shown[0]], [second, 'applied', shown[1]]);
		expect(judge(wrong, SPOILT, both)).toEqual([
			`${account().tunnel(second)!.name}: the item does not hold the live key`,
		]);
	});
});

describe('verdicts that are crossed', () => {
	it('are not to be believed', async () => {
		account().faults.add({ kind: 'unapply', ids: [first] });
		account().faults.add({ kind: 'crossVerdicts' });
		await set([
			{ id: first, psk: KEY },
			{ id: second, psk: OTHER },
		]);
		const both = [first, second];
		expect(judge(outputs([first, 'applied', KEY], [second, 'unapplied']), SPOILT, both)).toEqual([
			`${name}: the item does not hold the live key`,
			`${account().tunnel(second)!.name}: unapplied, but the key was changed`,
			`${account().tunnel(second)!.name}: the live key is lost`,
		]);
		const careful = outputs([first, 'unknown', KEY], [second, 'unknown', OTHER]);
		expect(judge(careful, SPOILT, both)).toEqual([]);
	});

	it('make no outcome of a tunnel that nobody named', async () => {
		await set([{ id: first, psk: KEY }]);
		const given = outputs([first, 'applied', KEY], [second, 'applied', OTHER]);
		expect(judge(given)).toEqual([
			`${account().tunnel(second)!.name}: an outcome, although no item named the tunnel`,
			'a key of a tunnel that no item named',
		]);
		await set([{ id: second, psk: OTHER }]);
		expect(judge(outputs([first, 'applied', KEY]))).toEqual([
			`${account().tunnel(second)!.name}: changed, although no item named the tunnel`,
			`${account().tunnel(second)!.name}: the live key is lost`,
		]);
	});
});

describe('a leak', () => {
	it.each(Object.entries(ECHO_FORMS))('is a key as %s', async (_form, echo) => {
		const awkward = `${KEY.slice(0, 8)}&<"'/é ${KEY.slice(8)}`;
		await set([{ id: first, psk: awkward }]);
		expect(ledger.leaked([{ reason: `no: ${echo(awkward)}.` }])).toContain(awkward);
	});

	it('is a part of it, also of a key that was given and never sent', () => {
		const given = new KeyLedger(account(), [OTHER]);
		expect(given.leaked('it begins with Bq3Zs8Nd1Vx6Kw4')).toEqual([OTHER]);
		expect(given.leaked(['it ends with TF7RY2LM9GH5CJ0PE'])).toEqual([OTHER]);
		expect(given.leaked({ reason: 'Bq3Zs8N' })).toEqual([]);
	});

	it('is a key that is no longer live, and a credential', async () => {
		const old = account().liveKey(first)!;
		await set([{ id: first, psk: KEY }]);
		expect(ledger.leaked(old)).toEqual([old]);
		expect(ledger.leaked([], [account().apiToken])).toEqual([account().apiToken]);
		expect(ledger.leaked([], [], ['unrelated'])).toEqual([]);
	});

	it('is no id, no name and no date', () => {
		expect(ledger.leaked(account().tunnels())).toEqual([]);
	});
});

describe('a tunnel that is made or removed meanwhile', () => {
	const site = {
		name: 'site-new',
		cloudflare_endpoint: '162.159.64.41',
		interface_address: '10.250.0.0/31',
	};

	it('has a key too', async () => {
		await post('', { ...site, psk: KEY });
		expect(ledger.lost([])).toEqual(['site-new']);
		expect(judge({ ...outputs(), stopped: true }, SETS, [])).toEqual([
			'site-new: stopped, although the key was changed',
		]);
		expect(ledger.leaked({ psk: KEY })).toEqual([KEY]);
	});

	it('has none any more', async () => {
		await set([{ id: first, psk: KEY }]);
		account().removeTunnel(first);
		expect(ledger.lost([])).toEqual([]);
		expect(judge(outputs([first, 'applied', KEY]))).toEqual([]);
	});
});
