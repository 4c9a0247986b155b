import '../helpers/printed';
import type { IDataObject } from 'n8n-workflow';
import { leaksIn } from '../helpers/scanner';
import { useVirtualClock } from '../helpers/virtualClock';
import { PUBLIC_ORIGIN, startWebhookHost } from '../helpers/webhook';
import { useAlertScene } from '../helpers/alertScene';
import { createCaller } from '../simulator/caller';

/** What comes to the webhook, and what of it starts the workflow. */

const clock = useVirtualClock();
const scene = useAlertScene({ now: clock.now });

describe('requests to the webhook', () => {
	const body = () => ({
		name: 'x',
		data: { tunnel_name: scene.tunnel(), new_status: 'MAGIC_TUNNEL_STATUS_DOWN' },
		alert_type: 'magic_wan_tunnel_health',
		policy_id: scene.simulator.alerts.policies()[0]!.id,
		alert_correlation_id: 'c',
		alert_event: 'ALERT_STATE_EVENT_START',
		ts: 1_790_000_000,
	});
	const post = async (
		change: object,
		headers: Record<string, string | string[]> = scene.secret(),
	) => await scene.host.post(JSON.stringify({ ...body(), ...change }), headers);

	beforeEach(async () => {
		await scene.host.activate();
	});

	it.each<[string, () => Record<string, string | string[]>]>([
		['no secret', () => ({})],
		['another secret', () => ({ 'cf-webhook-auth': 'x' })],
		['an empty secret', () => ({ 'cf-webhook-auth': '' })],
		['a part of the secret', () => ({ 'cf-webhook-auth': scene.secretText().slice(1) })],
		[
			'the secret twice',
			() => {
				const value = scene.secretText();
				return { 'cf-webhook-auth': [value, value] };
			},
		],
	])('with %s are refused', async (_, headers) => {
		expect(await post({}, headers())).toBe(401);
		expect(await scene.host.post('{"text":"Hello World! …"}', headers())).toBe(401);
		expect(scene.host.started).toEqual([]);
		expect(scene.host.answers.every(({ body: text }) => !text.includes(scene.secretText()))).toBe(
			true,
		);
	});

	it('with the secret start the workflow once', async () => {
		expect(await post({})).toBe(200);
		expect(await post({})).toBe(200);
		expect(await post({ text: 'sent again' })).toBe(200);
		expect(scene.host.started).toHaveLength(1);
		expect(await post({ alert_event: 'ALERT_STATE_EVENT_END' })).toBe(200);
		expect(await post({ ts: 1_790_000_001 })).toBe(200);
		expect(await post({ alert_correlation_id: 'd' })).toBe(200);
		expect(scene.host.started).toHaveLength(4);
	});

	it('start the workflow once also when they come at the same moment', async () => {
		const open = scene.host.holdNext();
		const answers = [post({}), post({}), post({})];
		await new Promise((resolve) => setTimeout(resolve, 20));
		open();
		expect(await Promise.all(answers)).toEqual([200, 200, 200]);
		expect(scene.host.started).toHaveLength(1);
	});

	it('are known as replays by the static data alone', async () => {
		const other = await startWebhookHost();
		try {
			const elsewhere = 'https://b.example.com';
			await scene.startAccount({
				alerting: {
					publicOrigins: { [PUBLIC_ORIGIN]: scene.host.origin, [elsewhere]: other.origin },
				},
			});
			await scene.host.activate();
			Object.assign(other, { credentials: scene.host.credentials, publicOrigin: elsewhere });
			await other.activate();
			const [delivery] = await scene.fire();
			// What n8n has in its database after a restart, under a name that this process never saw.
			other.setStaticData(scene.host.staticData());
			other.started.length = 0;
			expect(await other.post(JSON.stringify(delivery!.body), scene.secret())).toBe(200);
			expect(other.started).toEqual([]);
			const next = { ...delivery!.body, alert_correlation_id: 'another' };
			expect(await other.post(JSON.stringify(next), scene.secret())).toBe(200);
			expect(other.started).toHaveLength(1);
		} finally {
			await other.close();
		}
	});

	it("with Cloudflare's test message do not start the workflow", async () => {
		const text =
			'Hello World! This is a test message sent from https://cloudflare.com. If you can see this, your webhook is configured properly.';
		expect(await scene.host.post(JSON.stringify({ text }), scene.secret())).toBe(200);
		expect(await scene.host.post('{}', scene.secret())).toBe(200);
		expect(scene.host.started).toEqual([]);
	});

	it.each<[string, IDataObject]>([
		['another alert type', { alert_type: 'magic_tunnel_health_check_event' }],
		['another policy', { policy_id: 'b'.repeat(32) }],
	])('about %s are ignored', async (_, change) => {
		expect(await post(change)).toBe(200);
		expect(scene.host.started).toEqual([]);
	});

	it('of an event that was not chosen are ignored', async () => {
		scene.host.parameters.events = ['end'];
		expect(await post({})).toBe(200);
		expect(scene.host.started).toEqual([]);
		expect(await post({ alert_event: 'ALERT_STATE_EVENT_END' })).toBe(200);
		expect(await post({ alert_event: 'new', data: {} })).toBe(200);
		expect(scene.jsons().map(({ event }) => event)).toEqual(['end', null]);
	});

	it('of more than 1 MiB are refused', async () => {
		const filler = (length: number) => ({ text: 'x'.repeat(length) });
		const rest = JSON.stringify({ ...body(), text: '' }).length;
		expect(await post(filler(1024 * 1024 - rest + 1))).toBe(413);
		expect(scene.host.started).toEqual([]);
		expect(await post(filler(1024 * 1024 - rest))).toBe(200);
		expect(scene.host.started).toHaveLength(1);
	});

	it.each(['', 'null', '[]', '"x"', '7', '{"a":', 'x=1'])(
		'whose body is %j are refused',
		async (text) => {
			expect(await scene.host.post(text, scene.secret())).toBe(400);
			expect(await scene.host.post(text, { ...scene.secret(), 'content-type': 'text/plain' })).toBe(
				400,
			);
			const form = { ...scene.secret(), 'content-type': 'multipart/form-data; boundary=x' };
			expect(await scene.host.post(text, form)).toBe(400);
			expect(scene.host.started).toEqual([]);
		},
	);

	it('start the workflow with the test alert of the policy, whose event is not known', async () => {
		await createCaller(scene.simulator).alerting(
			'POST',
			`/policies/${scene.simulator.alerts.policies()[0]!.id}/test`,
			{ body: { severity: 1 } },
		);
		expect(scene.jsons()).toMatchObject([{ event: null, tunnel_id: null, pops: [] }]);
	});

	it('without a time or a correlation id start the workflow once too', async () => {
		const bare = { ts: undefined, alert_correlation_id: undefined };
		for (const change of [bare, bare, { ...bare, text: 'another' }]) await post(change);
		expect(scene.jsons().map(({ occurred_at: at }) => at)).toEqual([null, null]);
	});

	it('never put the secret into an item', async () => {
		const known = scene.secretText();
		expect(await post({ text: `Sent with ${known}`, data: { new_status: known } })).toBe(200);
		expect(leaksIn(scene.host.started, [known])).toEqual([]);
		expect(scene.jsons()[0]!.text).toBe('***');
	});
});
