import { printed } from '../helpers/printed';
import { clock as time } from '../../nodes/http/clock';
import type { IDataObject, INode, IWorkflowMetadata } from 'n8n-workflow';
import { remember } from '../../nodes/CloudflareMagicAlert/replays';
import { TriggerState } from '../../nodes/CloudflareMagicAlert/state';
import { useVirtualClock } from '../helpers/virtualClock';
import type { WebhookHost } from '../helpers/webhook';
import { startAccountFor, startWebhookHost } from '../helpers/webhook';
import type { Simulator } from '../simulator';

/** An alert that comes again starts nothing, however many came in between, and no late one is lost. */

const clock = useVirtualClock();

const DAY = 86_400;

let host: WebhookHost;
let simulator: Simulator;

beforeEach(async () => {
	host = await startWebhookHost();
	simulator = await startAccountFor(host, { tunnels: 1, seed: 5, now: clock.now });
	await host.activate();
	printed.length = 0;
});

afterEach(async () => {
	await simulator.close();
	await host.close();
});

const now = () => Math.floor(clock.now() / 1000);

const post = async (id: string, ts: unknown = now()) => {
	const before = host.started.length;
	const body = { alert_type: 'magic_wan_tunnel_health', alert_correlation_id: id, ts, data: {} };
	const { secret } = simulator.alerts.webhooks()[0]!;
	const status = await host.post(JSON.stringify(body), { 'cf-webhook-auth': secret! });
	expect(status).toBe(200);
	return host.started.length - before;
};

const stored = () => host.staticData() as { seen: string[]; since: number };

describe('an alert that comes again', () => {
	it('is known after days, although it is not remembered', async () => {
		const ts = now();
		expect(await post('first', ts)).toBe(1);
		await time.sleep(3 * DAY * 1000);
		expect(await post('newer')).toBe(1);
		expect(stored().seen).toHaveLength(1);
		expect(stored().since).toBe(ts);
		expect(await post('first', ts)).toBe(0);
		expect(await post('newer', ts + 3 * DAY)).toBe(0);
		expect(await post('missed meanwhile', ts + 2 * DAY + 100)).toBe(1);
	});
});

describe('many alerts', () => {
	let owners = 0;

	/** A trigger whose static data are all that it knows. */
	const trigger = () => {
		const data: IDataObject = {};
		const id = `owner-${++owners}`;
		const owner = {
			getNode: () => ({ id }) as INode,
			getWorkflow: () => ({ id }) as IWorkflowMetadata,
			getMode: () => 'webhook' as const,
		};
		const isTaken = (correlation: string, ts: number) =>
			remember(owner, new TriggerState(data), { alert_correlation_id: correlation, ts });
		return { data, isTaken };
	};

	it('of one second push nothing out, and none is lost', () => {
		const { isTaken } = trigger();
		const ts = now();
		expect(isTaken('first', ts)).toBe(true);
		for (let n = 0; n < 600; n++) expect(isTaken(`flood-${n}`, ts)).toBe(true);
		expect(isTaken('first', ts)).toBe(false);
		expect(isTaken('late', ts - 3000)).toBe(true);
	});

	it('are remembered up to a bound, that n8n can store', () => {
		const { data, isTaken } = trigger();
		const start = now() - 3000;
		data.seen = Array.from(
			{ length: 1990 },
			(_, n) => `${start + n}:${String(n).padStart(16, '0')}`,
		);
		for (let n = 1990; n < 2010; n++) expect(isTaken(`c${n}`, start + n)).toBe(true);
		expect(data.seen).toHaveLength(2000);
		expect(data.since).toBe(start + 9);
		expect(JSON.stringify(data).length).toBeLessThan(70_000);
		// Within a day the mark is not used, so that no late alert of a burst is lost.
		expect(isTaken('late', start + 1)).toBe(true);
	});

	it('that are forgotten never move the mark back', () => {
		const { data, isTaken } = trigger();
		const mark = now() - 2 * DAY;
		data.since = mark;
		data.seen = [`${mark - DAY}:aaaaaaaaaaaaaaaa`];
		expect(isTaken('new', now())).toBe(true);
		expect(data).toMatchObject({ since: mark, seen: [expect.any(String)] });
	});
});

describe('a strange time', () => {
	it.each([0, '0', -5, 1e300, null, 'x', undefined])('%j loses no alert', async (ts) => {
		await post('one');
		await time.sleep(2 * DAY * 1000);
		await post('two');
		expect(await post('strange', ts)).toBe(1);
		expect(await post('strange', ts)).toBe(0);
	});

	it('in the future keeps no later alert away', async () => {
		expect(await post('future', now() + 900 * DAY)).toBe(1);
		expect(await post('one')).toBe(1);
		expect(await post('two', now() - 10)).toBe(1);
	});
});
