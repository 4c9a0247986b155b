import type { IDataObject, INode } from 'n8n-workflow';
import { forget, recall, remember } from '../../nodes/CloudflareMagicAlert/replays';
import { hashOf, isOfHash } from '../../nodes/CloudflareMagicAlert/secret';
import type { Made } from '../../nodes/CloudflareMagicAlert/state';
import { openState, TriggerState } from '../../nodes/CloudflareMagicAlert/state';

/** What the alert trigger keeps in its static data, and what it makes of data that are not its own. */

const ACCOUNT = 'ab'.repeat(16);
const OTHER_ACCOUNT = 'cd'.repeat(16);
const TAG = 'n8n tag';
const HASH = '0123456789abcdef'.repeat(4);

const idOf = (digit: string) => digit.repeat(32);

const made = (change: Partial<Made> = {}): Made => ({
	kind: 'webhook',
	accountId: ACCOUNT,
	id: idOf('1'),
	tag: TAG,
	...change,
});

/** Static data as n8n watches them: only an assignment to a field counts as a change. */
function watched(data: IDataObject = {}) {
	const changed: string[] = [];
	const note = (name: string | symbol) => changed.push(String(name));
	const proxy = new Proxy(data, {
		set: (target, name, value) => (note(name), Reflect.set(target, name, value)),
		deleteProperty: (target, name) => (note(name), Reflect.deleteProperty(target, name)),
	});
	return { state: new TriggerState(proxy), data, changed };
}

describe('what was made', () => {
	it('is known in its order, each thing once', () => {
		const { state, changed } = watched();
		const entries = [
			made({ id: undefined }),
			made(),
			made({ kind: 'policy' }),
			made({ accountId: OTHER_ACCOUNT }),
			made({ tag: 'another' }),
			made({ id: idOf('2') }),
		];
		for (const entry of [...entries, ...entries]) state.track(entry);
		expect(state.made).toEqual(entries.map((entry) => JSON.parse(JSON.stringify(entry)) as Made));
		expect(changed).toEqual(entries.map(() => 'made'));
		for (let left = entries.length - 1; left >= 0; left--) {
			state.untrack(entries[left]!);
			expect(state.made).toHaveLength(left);
		}
	});

	it.each<[string, unknown]>([
		['no list', 'x'],
		['no objects', [null, 5, 'webhook']],
		['of another kind', [{ ...made(), kind: 'tunnel' }]],
		['of no account', [{ ...made(), accountId: 'x' }]],
		['without a tag', [{ ...made(), tag: 5 }]],
	])('is nothing where it is %s', (_, list) => {
		expect(watched({ made: list as never }).state.made).toStrictEqual([]);
	});

	it('has no id where that is none of Cloudflare', () => {
		const { state } = watched({ made: [{ ...made(), id: '../../x' }] as never });
		expect(state.made).toEqual([{ kind: 'webhook', accountId: ACCOUNT, tag: TAG }]);
	});

	it('is in use only as a whole, in this account and with this tag; the newest counts', () => {
		const webhook = made();
		const policy = made({ kind: 'policy', id: idOf('2') });
		const { state } = watched();
		for (const entry of [
			made({ id: idOf('3') }),
			webhook,
			made({ id: undefined }),
			made({ accountId: OTHER_ACCOUNT, id: idOf('4') }),
			made({ tag: 'another', id: idOf('5') }),
		]) {
			state.track(entry);
		}
		expect(state.current(ACCOUNT, TAG)).toBeUndefined();
		state.track(policy);
		expect(state.current(ACCOUNT, TAG)).toEqual({ webhook, policy });
		expect(state.current(OTHER_ACCOUNT, TAG)).toBeUndefined();
		expect(state.current(ACCOUNT, 'another')).toBeUndefined();
	});
});

describe('the home', () => {
	it('is written once, and again for another address', () => {
		const { state, changed } = watched();
		expect(state.home).toBeUndefined();
		state.home = 'https://one/';
		state.home = 'https://one/';
		state.home = 'https://two/';
		expect(state.home).toBe('https://two/');
		expect(changed).toEqual(['home', 'home']);
	});

	it('is none where it is no text', () => {
		expect(watched({ home: 5 }).state.home).toBeUndefined();
	});
});

describe('the policies', () => {
	it('are the last five, and come with the hash of the secret', () => {
		const { state } = watched();
		for (const digit of ['1', '2', '3', '4', '5', '6']) state.expect(HASH, idOf(digit));
		expect(state.policies).toEqual(['2', '3', '4', '5', '6'].map(idOf));
		expect(state.secretHash).toBe(HASH);
	});

	it.each<[unknown, string[]]>([
		['x', []],
		[
			[5, 'one', null, 'two'],
			['one', 'two'],
		],
	])('of %j are %j', (policies, read) => {
		expect(watched({ policies: policies as never }).state.policies).toEqual(read);
	});
});

describe('the hash of the secret', () => {
	it.each<unknown>([
		5,
		undefined,
		`${HASH}0`,
		`0${HASH}`,
		HASH.slice(1),
		HASH.toUpperCase(),
		[HASH],
	])('is none for %j', (secretSha256) => {
		expect(watched({ secretSha256: secretSha256 as never }).state.secretHash).toBeUndefined();
	});

	it('takes the place of a secret that an older version left in clear', () => {
		const data: IDataObject = { secret: HASH, made: [] };
		const asked: string[] = [];
		const getWorkflowStaticData = (type: string) => (asked.push(type), data);
		const state = openState({ getWorkflowStaticData });
		expect(asked).toEqual(['node']);
		expect(data).toEqual({ secretSha256: hashOf(HASH), made: [] });
		expect(isOfHash(HASH, state.secretHash)).toBe(true);
		expect(isOfHash(hashOf(HASH), state.secretHash)).toBe(false);
	});

	it('is left as it is by what is no secret, which goes all the same', () => {
		const data: IDataObject = { secret: 'short', secretSha256: HASH };
		openState({ getWorkflowStaticData: () => data });
		expect(data).toEqual({ secretSha256: HASH });
	});

	it('of nothing is that of no text', () => {
		expect(isOfHash('', undefined)).toBe(false);
	});

	it('is not looked for again: data without a secret are not touched', () => {
		const { state, changed } = watched({ secretSha256: HASH });
		state.migrate();
		expect(changed).toEqual([]);
	});
});

describe('the alerts that were taken', () => {
	it('are read as they were written, in their order', () => {
		const { state, data } = watched();
		const seen = new Map([
			['b-_9', 20],
			['a', 10],
		]);
		state.seen = seen;
		expect([...state.seen]).toEqual([...seen]);
		expect(data.seen).toEqual(['20:b-_9', '10:a']);
	});

	it('are those that are whole', () => {
		const seen = ['5:a', 'x5:b', '5:', ':c', '5:d e', '5', 7, 'y6:f'];
		expect([...watched({ seen: seen as never }).state.seen]).toEqual([['a', 5]]);
		expect([...watched({ seen: '5:a' }).state.seen]).toEqual([]);
	});

	it.each<[unknown, number | undefined]>([
		[5, 5],
		[0, 0],
		[NaN, undefined],
		[Infinity, undefined],
		['5', undefined],
		[undefined, undefined],
	])('up to %p count as known up to %p', (since, read) => {
		expect(watched({ since: since as never }).state.since).toBe(read);
	});

	it('count as known up to a mark that is set', () => {
		const { state, data } = watched();
		state.since = 7;
		expect(data).toEqual({ since: 7 });
	});
});

describe('an alert', () => {
	let nodes = 0;

	/** A trigger that this process has not seen yet. */
	const ownerOf = (mode: 'webhook' | 'manual' = 'webhook') => {
		const id = `node ${++nodes}`;
		return {
			getNode: () => ({ id }) as INode,
			getWorkflow: () => ({ id: 'w', active: true }),
			getMode: () => mode,
		};
	};

	const DAY = 86_400;
	const NOW = Math.floor(Date.now() / 1000) - 10 * DAY;

	const alert = (id: string, ts = NOW) => ({ alert_correlation_id: id, ts });

	it('is known by the static data, or by the process alone', () => {
		const owner = ownerOf();
		const { state } = watched();
		expect(remember(owner, state, alert('one'))).toBe(true);
		expect(remember(owner, state, alert('one'))).toBe(false);
		expect(remember(owner, watched().state, alert('one'))).toBe(false);
		expect(remember(ownerOf(), state, alert('one'))).toBe(false);
		expect(remember(ownerOf(), watched().state, alert('one'))).toBe(true);
	});

	it('of a test in the editor is not remembered by the process', () => {
		const owner = ownerOf('manual');
		expect(remember(owner, watched().state, alert('one'))).toBe(true);
		expect(remember(owner, watched().state, alert('one'))).toBe(true);
	});

	it('of a trigger that is gone is forgotten', () => {
		const owner = ownerOf();
		remember(owner, watched().state, alert('one'));
		forget(owner);
		expect(remember(owner, watched().state, alert('one'))).toBe(true);
	});

	it('that the process took is put into a new state; where there is none, nothing is written', () => {
		const owner = ownerOf();
		remember(owner, watched().state, alert('one'));
		const { state, changed } = watched();
		recall(owner, state);
		expect([state.seen.size, changed]).toEqual([1, ['seen']]);
		const untouched = watched();
		recall(ownerOf(), untouched.state);
		expect(untouched.changed).toEqual([]);
	});

	it('is forgotten a day before the newest, and up to it everything counts as known', () => {
		const owner = ownerOf();
		const { state } = watched();
		remember(owner, state, alert('old', NOW - DAY));
		remember(owner, state, alert('less old', NOW - DAY + 1));
		expect(state.since).toBeUndefined();
		remember(owner, state, alert('new'));
		expect([...state.seen.values()]).toEqual([NOW - DAY + 1, NOW]);
		expect(state.since).toBe(NOW - DAY);
		expect(remember(owner, state, alert('older', NOW - DAY))).toBe(false);
		expect(remember(owner, state, alert('another', NOW - DAY + 1))).toBe(true);
	});
});

describe('forgetting', () => {
	const all = () => ({
		secretSha256: HASH,
		made: [],
		home: 'https://one/',
		policies: [],
		since: 1,
		seen: [],
	});

	it('leaves nothing', () => {
		const { state, data } = watched(all());
		state.clear(false);
		expect(data).toEqual({});
	});

	it('leaves what is known of alerts where they are to be caught up with', () => {
		const { state, data } = watched(all());
		state.clear(true);
		expect(data).toEqual({ home: 'https://one/', policies: [], since: 1, seen: [] });
	});
});
