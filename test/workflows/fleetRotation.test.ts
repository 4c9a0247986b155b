import { readWorkflow } from '../helpers/shippedWorkflows';
import type { Fleet } from './fleet';
import { useFleet } from './fleet';
import { errorOf, itemsOf, triggerOf } from './run';

/** What a tunnel is like that was rotated at both ends. */
const ROTATED = { live: 'current', isNew: true, isUp: true, isOpen: false };

/** What it is like whose rotation was not begun, so that it has its first key. */
const UNTOUCHED = { live: 'current', isNew: false, isUp: true, isOpen: false };

/** What every run keeps to, whatever happens. */
function expectPromises({ services, crowded, broken, kept }: Fleet): void {
	expect(crowded()).toEqual([]);
	expect([...broken]).toEqual([]);
	const { chat, mailbox, leaksIn } = services;
	expect(leaksIn([kept, chat.messages, mailbox.mails])).toEqual([]);
}

/** How often Rotate lists the tunnels before it sets a key. */
const LISTS = 2;

describe('workflows/fleet-rotation.json with three sites', () => {
	const fleet = useFleet(['lyon', 'oslo', 'paris']);
	const names = ['lyon-a', 'lyon-b', 'oslo-a', 'oslo-b', 'paris-a', 'paris-b'] as const;

	/** The state of each tunnel. */
	const expectStates = async (expected: Record<(typeof names)[number], object>) => {
		const found = names.map(async (name) => [name, await fleet().stateOf(name)] as const);
		expect(Object.fromEntries(await Promise.all(found))).toEqual(expected);
	};

	const all = (state: object) =>
		Object.fromEntries(names.map((name) => [name, state])) as Record<
			(typeof names)[number],
			object
		>;

	/** What a run leaves that stopped in its second wave, with lyon-b and oslo-a, because of oslo-a. */
	const stoppedAtOslo = {
		...all(UNTOUCHED),
		'lyon-a': ROTATED,
		'lyon-b': ROTATED,
	};

	const messages = () => fleet().services.chat.messages;

	it('rotates every tunnel at both ends, a canary first, and never two of a site in one wave', async () => {
		const { run, called, changes, services } = fleet();
		const done = await run();
		expect(errorOf(done)).toBeUndefined();
		const text = 'Fleet rotation, all is done, in 4 waves: 6 with a new key.';
		expect(messages()).toEqual([text]);
		expect(services.mailbox.mails).toEqual([
			expect.objectContaining({ subject: 'Fleet rotation: all is well', body: text }),
		]);
		expect(called).toEqual(names);
		expect(changes().map(({ wave }) => wave)).toEqual([1, 2, 2, 3, 3, 4]);
		await expectStates(all(ROTATED));
		for (const { id, psk_metadata } of services.simulator.tunnels()) {
			const madeAt = services.simulator.health.authenticatedAt(id)!;
			expect(madeAt).toBeGreaterThanOrEqual(Date.parse(psk_metadata!.last_generated_on!) - 1);
		}
		expectPromises(fleet());
	});

	it.each([
		['keeps tunnels of a site apart that the names tell', '^(.+)-[ab]$', []],
		[
			'takes every tunnel for a site without a pattern, since their endpoints differ',
			'',
			['lyon in wave 1', 'oslo in wave 2', 'paris in wave 3'],
		],
	])('%s', async (_what, site_pattern, crowded) => {
		await fleet().run({}, { canary: 0, wave_size: 2, site_pattern });
		expect(fleet().changes()).toHaveLength(6);
		expect(fleet().crowded()).toEqual(crowded);
		await expectStates(all(ROTATED));
	});

	it('has nothing to do in the next run', async () => {
		await fleet().run();
		await fleet().run();
		expect(messages().at(-1)).toBe('Fleet rotation: no key was due.');
		expect(fleet().changes()).toHaveLength(6);
	});

	it('gives a tunnel its former key back whose router can not reach the vault, and begins no further wave', async () => {
		fleet().faults.set('oslo-a', 'noVault');
		await fleet().run();
		expect(messages()).toEqual([
			[
				'Fleet rotation, stopped in wave 2 of 4: 2 with a new key, 1 rolled back, 0 to look at, 3 not begun.',
				"- 'oslo-a': its router did not authenticate with the new key: The vault can not be reached. The former key is live again, and its router did not authenticate with it: The vault can not be reached. Cloudflare finds it healthy.",
			].join('\n'),
		]);
		await expectStates(stoppedAtOslo);
		expectPromises(fleet());
	});

	it.each([
		['wrongKey', 'its router did not authenticate with the new key: AUTHENTICATION_FAILED'],
		['oldSa', /its router did not authenticate with the new key: Its IKE SA, made at .*, is older/],
		[
			'deadLine',
			'its router authenticated with the new key, but Cloudflare finds the tunnel down since.',
		],
	] as const)(
		'gives a tunnel its former key back at both ends whose router has the fault %s',
		async (fault, why) => {
			fleet().faults.set('oslo-a', fault);
			await fleet().run();
			const [head, line, ...more] = messages()[0]!.split('\n');
			expect(head).toBe(
				'Fleet rotation, stopped in wave 2 of 4: 2 with a new key, 1 rolled back, 0 to look at, 3 not begun.',
			);
			expect(line).toMatch(why);
			expect(line).toMatch(
				/ The former key is live again, and its router authenticated with it at 2\S+Z Cloudflare finds it (healthy|degraded)\.$/,
			);
			expect(more).toEqual([]);
			expect(fleet().services.mailbox.mails[0]!.subject).toBe('Fleet rotation: stopped');
			expect(fleet().called).toEqual(['lyon-a', 'lyon-b', 'oslo-a', 'oslo-a']);
			await expectStates(stoppedAtOslo);
			expectPromises(fleet());
		},
	);

	it('waits for nothing before it puts a former key back whose new one no router has', async () => {
		const at = new Map<string, number>();
		fleet().faults.set('lyon-a', 'wrongKey');
		await fleet().run({
			onStep: async (_when, node) => {
				if (!at.has(node)) at.set(node, Date.now());
			},
		});
		const since = (node: string, before: string) => at.get(node)! - at.get(before)!;
		expect(since('Roll Back', 'Update Router')).toBeLessThan(60_000);
		// And then long enough for Cloudflare to tell what holds.
		expect(since('Message', 'Roll Back')).toBeGreaterThanOrEqual(15 * 60_000);
	});

	it('begins the next run with what was rolled back, and goes on with the rest', async () => {
		fleet().faults.set('oslo-a', 'wrongKey');
		await fleet().run();
		fleet().faults.clear();
		fleet().called.length = 0;
		await fleet().run();
		expect(messages()[1]).toBe('Fleet rotation, all is done, in 3 waves: 4 with a new key.');
		expect(fleet().called).toEqual(['oslo-a', 'oslo-b', 'paris-a', 'paris-b']);
		await expectStates(all(ROTATED));
		expectPromises(fleet());
	});

	it("rolls nothing back because Cloudflare's answer was lost", async () => {
		const { simulator } = fleet().services;
		// The first wave checks and sets, then the second one checks.
		simulator.faults.add({ kind: 'reset', when: 'after', operation: 'pskSet', skip: 3 });
		await fleet().run();
		expect(messages()).toEqual(['Fleet rotation, all is done, in 4 waves: 6 with a new key.']);
		await expectStates(all(ROTATED));
		expectPromises(fleet());
	});

	it('repeats a wave whose keys are not known to be live, before it begins another', async () => {
		const { simulator } = fleet().services;
		simulator.faults.add({
			kind: 'reset',
			when: 'after',
			operation: 'pskSet',
			skip: 3,
			times: 'always',
		});
		let isLost = false;
		const run = await fleet().run({
			onStep: async (when, node) => {
				if (node !== 'Rotate' || fleet().called.length !== 1 || isLost) return;
				// Neither does anybody tell afterwards what is live.
				const lost = { kind: 'status', operation: 'list', status: 500 } as const;
				if (when === 'before') simulator.faults.add({ ...lost, skip: LISTS, times: 'always' });
				else {
					isLost = true;
					simulator.faults.clear();
				}
			},
		});
		const statuses = run.data.resultData.runData.Rotate!.map(({ data }) =>
			data!.main![0]!.map(({ json }) => json.status),
		);
		expect(statuses.slice(0, 3)).toEqual([['live'], ['unknown', 'unknown'], ['busy', 'busy']]);
		expect(messages()).toEqual(['Fleet rotation, all is done, in 4 waves: 6 with a new key.']);
		expect(fleet().called).toEqual(names);
		await expectStates(all(ROTATED));
		expectPromises(fleet());
	});

	it('says what holds while the vault is sealed in the middle, and completes it when it is open', async () => {
		const { vaultServer } = fleet().services;
		fleet().beforeRouter = async (name) => {
			if (name === 'lyon-b') vaultServer.mode.sealed = true;
		};
		await fleet().run();
		const [head, ...lines] = messages()[0]!.split('\n');
		expect(head).toBe(
			'Fleet rotation, stopped in wave 2 of 4: 1 with a new key, 0 rolled back, 2 to look at, 3 not begun.',
		);
		for (const [index, name] of ['lyon-b', 'oslo-a'].entries()) {
			expect(lines[index]).toMatch(
				new RegExp(
					`^- '${name}': its router did not authenticate with the new key: The vault can not be reached\\. It could not be rolled back: .*sealed`,
				),
			);
		}
		expect(lines).toHaveLength(2);
		const open = { live: 'pending', isNew: true, isUp: true, isOpen: true };
		await expectStates({
			...all(UNTOUCHED),
			'lyon-a': ROTATED,
			'lyon-b': open,
			'oslo-a': open,
		});
		vaultServer.mode.sealed = false;
		fleet().beforeRouter = async () => {};
		await fleet().run();
		expect(messages()[1]).toBe('Fleet rotation, all is done, in 3 waves: 5 with a new key.');
		await expectStates(all(ROTATED));
		expectPromises(fleet());
	});

	it('completes what could not be finished', async () => {
		const { vaultServer } = fleet().services;
		let isSealed = false;
		await fleet().run({
			onStep: async (when, node) => {
				if (when === 'before' && node === 'Finish' && !isSealed) {
					isSealed = vaultServer.mode.sealed = true;
				}
			},
		});
		expect(messages()[0]).toMatch(
			/^Fleet rotation, stopped in wave 1 of 4: 0 with a new key, 0 rolled back, 1 to look at, 5 not begun\.\n- 'lyon-a' has its new key at both ends, but it could not be finished: .*sealed/,
		);
		vaultServer.mode.sealed = false;
		await fleet().run();
		await expectStates(all(ROTATED));
		expectPromises(fleet());
	});

	it('changes nothing while the vault is sealed from the start, and says so for each tunnel', async () => {
		fleet().services.vaultServer.mode.sealed = true;
		await fleet().run();
		const [head, ...lines] = messages()[0]!.split('\n');
		expect(head).toBe('Fleet rotation: no key was changed, 6 left out.');
		expect(lines).toHaveLength(6);
		expect(lines[0]).toMatch(/^- 'lyon-a' was left out: .*sealed/);
		expect(fleet().changes()).toEqual([]);
	});

	it('leaves out what is not healthy before, and the other tunnel of its site', async () => {
		fleet().services.simulator.health.setLoss('oslo-b', 1);
		await fleet().run({
			onStep: async (when, node) => {
				// Long enough for Cloudflare to see it.
				if (when === 'before' && node === 'Get Tunnels') fleet().pass(15);
			},
		});
		expect(messages()).toEqual([
			[
				'Fleet rotation, all is done, in 3 waves: 4 with a new key, 2 left out.',
				"- 'oslo-a' was left out: it carries its site's traffic, since the health of 'oslo-b' is not well.",
				"- 'oslo-b' was left out: its health is down.",
			].join('\n'),
		]);
		await expectStates({ ...all(ROTATED), 'oslo-a': UNTOUCHED, 'oslo-b': UNTOUCHED });
		expectPromises(fleet());
	});

	it('leaves all out while nobody tells their health, and what Settings leave out', async () => {
		fleet().services.simulator.faults.add({
			kind: 'graphqlError',
			message: 'not authorized for that account',
			times: 'always',
		});
		await fleet().run({}, { leave_out: 'lyon-a, lyon-b' });
		const [head, first, , third] = messages()[0]!.split('\n');
		expect(head).toBe('Fleet rotation: no key was changed, 6 left out.');
		expect(first).toBe("- 'lyon-a' was left out: Settings say so.");
		expect(third).toMatch(/^- 'oslo-a' was left out: its health is not known: .*Account Analytics/);
		expect(fleet().changes()).toEqual([]);
	});

	it('waits for another run, and takes its key over when that does not come back', async () => {
		const { vault } = fleet().services;
		await fleet().runUntil('Rotate', 1);
		const { id } = fleet().services.simulator.tunnel('lyon-a')!;
		const { pending } = (await vault.secret(id))!;
		expect(fleet().called).toEqual([]);
		const run = await fleet().run();
		expect(itemsOf(run, 'Rotate')[0]).toMatchObject({ status: 'busy' });
		expect(messages()).toEqual(['Fleet rotation, all is done, in 4 waves: 6 with a new key.']);
		expect(fleet().called).toEqual(names);
		expect((await vault.secret(id))!.current).toBe(pending);
		await expectStates(all(ROTATED));
		expectPromises(fleet());
	});

	it('begins no wave outside the maintenance window, unless it is asked for now', async () => {
		// In UTC it is one of these hours at most, and the engine's own zone is no other.
		const hour = Number(
			new Intl.DateTimeFormat('en', {
				hour: 'numeric',
				hourCycle: 'h23',
				timeZone: 'America/New_York',
			}).format(new Date()),
		);
		const later = (hours: number) => `${String((hour + hours) % 24).padStart(2, '0')}:00`;
		const closed = { window_start: later(2), window_end: later(4) };
		await fleet().run({}, closed);
		expect(messages()).toEqual([
			'Fleet rotation, the maintenance window is closed before wave 1 of 4: 0 with a new key, 6 not begun.',
		]);
		expect(fleet().changes()).toEqual([]);
		await fleet().run({}, { window_start: later(-1 + 24), window_end: later(2) });
		expect(fleet().changes()).toHaveLength(6);
	});

	it('can be asked for by a form, and says who asked', async () => {
		const form = { When: 'Now', 'Your Name': 'Ada' };
		await fleet().run(
			{
				start: 'Request',
				input: [{ json: form }],
				types: [triggerOf('n8n-nodes-base.formTrigger'), ...fleet().types],
			},
			{ window_start: '00:00', window_end: '00:01' },
		);
		expect(messages()).toEqual([
			'Fleet rotation, all is done, in 4 waves: 6 with a new key.\nAsked for by Ada',
		]);
	});

	it('says by e-mail when the chat can not be reached', async () => {
		await fleet().run({}, { chat_url: 'http://127.0.0.1:1/hooks/magic', max_age_days: 400 });
		expect(fleet().services.mailbox.mails[0]!.body).toBe(
			'Fleet rotation: no key was due.\n\nThe chat could not be reached.',
		);
	});

	it('says what is wrong when the account can not be read, has no tunnel, or the pattern is none', async () => {
		const { simulator } = fleet().services;
		await fleet().run({}, { site_pattern: '(' });
		expect(messages().at(-1)).toMatch(/^Fleet rotation: nothing was done\. .*Site Pattern/);
		simulator.faults.add({ kind: 'status', operation: 'list', status: 403, times: 'always' });
		await fleet().run();
		expect(messages().at(-1)).toMatch(/^Fleet rotation: nothing was done\. /);
		simulator.faults.clear();
		for (const { id } of simulator.tunnels()) simulator.removeTunnel(id);
		await fleet().run();
		expect(messages().at(-1)).toBe('Fleet rotation: there is no tunnel to report on.');
	});
});

describe('workflows/fleet-rotation.json, cut off and started again', () => {
	const fleet = useFleet(['lyon']);

	const expectEnd = async () => {
		await fleet().run();
		// What is not quite healthy yet after a change is left out, with the other tunnel of its site.
		fleet().pass(30);
		await fleet().run();
		for (const name of ['lyon-a', 'lyon-b']) {
			expect([name, await fleet().stateOf(name)]).toEqual([name, ROTATED]);
		}
		expectPromises(fleet());
	};

	/** The way of a run in which all goes well, in the order of the file. */
	const way = readWorkflow('fleet-rotation.json')
		.nodes.filter(({ type }) => type !== 'n8n-nodes-base.stickyNote')
		.map(({ name }) => name)
		.filter((name) => !['Request', 'Each Failed', 'Roll Back'].includes(name));

	it.each(way)('comes to its end after %s', async (node) => {
		expect((await fleet().runUntil(node, 1)).status).toBe('canceled');
		await expectEnd();
	});

	it.each([
		['Verdict', 1],
		['Each Failed', 1],
		['Roll Back', 1],
		['To Do', 2],
		['Update Router', 2],
		['Wait for the Health', 2],
		['Verdict', 2],
	] as const)(
		'comes to its end after %s, time %i, of a run in which a router loads a wrong key',
		async (node, times) => {
			fleet().faults.set('lyon-a', 'wrongKey');
			expect((await fleet().runUntil(node, times)).status).toBe('canceled');
			expect(fleet().services.simulator.health.authenticatedAt('lyon-b')).toBeDefined();
			fleet().faults.clear();
			await expectEnd();
		},
	);
});
