import { strict as assert } from 'node:assert';
import { readdirSync, readFileSync } from 'node:fs';
import * as path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startGate } from '../../../crash/gate';
import { UNSAVED } from '../../../helpers/saving';
import { leaksIn } from '../../../helpers/scanner';
import type { Context, Part } from '../../harness/part';
import { print, secondsSince } from '../../../helpers/print';
import { waitFor } from '../../../helpers/processes';
import type { TunnelState } from '../../../helpers/accountProcess';
import { withSettings } from '../../../helpers/shippedWorkflows';
import { exampleWorkflow } from '../../harness/workflows';
import { flowOf, pskNode } from '../../real/flow';
import type { Outcome, QueueMode, RotationFlow } from '../../real/queueMode';
import { reasonWithoutQueueMode, rotateOne, startQueueMode } from '../../real/queueMode';
import type { TunnelSecret } from '../../../stubs/vault/client';

const TUNNELS = 20;
/** Each takes 5 requests, and Cloudflare's limit, 1,200 in 5 minutes, stops what goes beyond it. */
const ROTATIONS = 200;
const IN_FLIGHT = 8;
const WORKERS = 2;

/** All keys that a tunnel's secret holds. */
function keysIn({ current, pending, previous }: TunnelSecret): Array<string | undefined> {
	return [current, pending, previous];
}

/** Whether two spans of time, from and to in ms, have a moment in common. */
const overlap = (one: readonly [number, number], other: readonly [number, number]): boolean =>
	Math.max(one[0], other[0]) < Math.min(one[1], other[1]);

/**
 * The tunnels whose live key the vault did not hold at some moment, from the histories of the
 * account and of the vault, which miss no moment. The keys from before the first rotation were never
 * in the vault's care.
 */
async function unheldKeys({ account, vault }: QueueMode): Promise<string[]> {
	const tunnels = await account.tunnels();
	// Read later: what is live by then has to be in it.
	const secrets = await vault.secrets();
	return tunnels.flatMap(({ tunnel, history }) => {
		const versions = secrets.get(tunnel.id) ?? [];
		const spanOf = <T>(times: readonly T[], timeOf: (one: T) => number, index: number) => {
			const next = times[index + 1];
			return [timeOf(times[index]!), next === undefined ? Infinity : timeOf(next)] as const;
		};
		return history.flatMap(({ psk, at, by }, index) => {
			if (by === 'seed') return [];
			const live = spanOf(history, (event) => Date.parse(event.at), index);
			const isHeld = versions.some(({ secret }) => keysIn(secret).includes(psk));
			const gaps = versions.filter(
				({ secret }, version) =>
					overlap(
						live,
						spanOf(versions, ({ madeAt }) => madeAt, version),
					) && !keysIn(secret).includes(psk),
			);
			return isHeld && gaps.length === 0 ? [] : [`${tunnel.name}: the key live since ${at}`];
		});
	});
}

/** The tunnels that are not at rest: the vault's current key is the live one, and none is pending. */
async function unsettled({ account, vault }: QueueMode): Promise<string[]> {
	const secrets = await vault.secrets();
	return (await account.tunnels()).flatMap(({ tunnel, live_key }) => {
		const secret = secrets.get(tunnel.id)?.at(-1)?.secret ?? {};
		const isAtRest = secret.current === live_key && secret.pending === undefined;
		return isAtRest ? [] : [tunnel.name];
	});
}

/** Every key that the account or the vault ever had, live or not. */
async function allKeys({ account, vault }: QueueMode): Promise<string[]> {
	const live = (await account.tunnels()).flatMap(({ history }) => history.map(({ psk }) => psk));
	const kept = [...(await vault.secrets()).values()].flatMap((versions) =>
		versions.flatMap(({ secret }) => keysIn(secret)),
	);
	return [...new Set([...live, ...kept].filter((key) => key !== undefined))];
}

/** What became of many rotations, with those that were asked for again. */
class Tally {
	readonly started = Date.now();

	readonly counts: Record<Outcome, number> = { done: 0, refused: 0, failed: 0 };

	toString(): string {
		const { done, refused, failed } = this.counts;
		const again = refused + failed;
		return `${done} rotations done in ${secondsSince(this.started)}; ${again} runs did not end well (${refused} refused by the vault, ${failed} failed), each was repeated`;
	}
}

/**
 * Rotates, several tunnels at once, until each rotation asked for is done. A tunnel has one run at a
 * time here: what two at once do is looked at by itself.
 */
async function rotateAll(
	flow: RotationFlow,
	asked: readonly string[],
	tally: Tally,
): Promise<void> {
	const waiting = [...asked];
	const busy = new Set<string>();
	let runs = 0;
	const next = (): string | undefined => {
		const index = waiting.findIndex((tunnel) => !busy.has(tunnel));
		return index < 0 ? undefined : waiting.splice(index, 1)[0];
	};
	const work = async () => {
		for (let tunnel = next(); tunnel !== undefined; tunnel = next()) {
			assert.ok(++runs <= 2 * asked.length, `too many runs do not end well: ${tally}`);
			busy.add(tunnel);
			const outcome = await rotateOne(flow, tunnel);
			tally.counts[outcome] += 1;
			if (outcome !== 'done') {
				waiting.push(tunnel);
				await sleep(500);
			}
			busy.delete(tunnel);
		}
	};
	await Promise.all(Array.from({ length: IN_FLIGHT }, work));
}

/** What keeps the workers going, as a service manager does. */
class Supervisor {
	restarts = 0;

	private readonly over = new AbortController();

	private readonly watching: Promise<void>;

	constructor(private readonly mode: QueueMode) {
		this.watching = this.watch();
	}

	async stop(): Promise<void> {
		this.over.abort();
		await this.watching;
	}

	private async watch(): Promise<void> {
		while (!this.over.signal.aborted) {
			for (const host of this.mode.hosts) {
				if (!host.hasEnded) continue;
				await host.start();
				this.restarts += 1;
			}
			await sleep(200);
		}
	}
}

/** The load, with a worker that is killed on the way and a Redis that is restarted. */
async function rotateUnderFire(mode: QueueMode, flow: RotationFlow): Promise<void> {
	const { account, hosts, redis } = mode;
	const ids = (await account.tunnels()).map(({ tunnel }) => tunnel.id);
	const asked = Array.from({ length: ROTATIONS }, (_, index) => ids[index % ids.length]!);
	const tally = new Tally();
	const supervisor = new Supervisor(mode);
	const after = async (done: number, what: string, act: () => Promise<void>) => {
		await waitFor(`Rotation ${done}`, async () => tally.counts.done >= done, { seconds: 300 });
		await act();
		print(`          ${what}: ${tally}`);
		assert.deepEqual(await unheldKeys(mode), []);
	};
	const disturb = async () => {
		await after(ROTATIONS / 4, 'a worker is killed -9', async () => await hosts[0]!.kill());
		await after(ROTATIONS / 2, 'Redis is restarted', async () => await redis.restart());
	};
	try {
		await Promise.all([rotateAll(flow, asked, tally), disturb()]);
	} finally {
		await supervisor.stop();
	}
	print(`          at the end: ${tally}; a worker was started again ${supervisor.restarts} times`);
	assert.equal(tally.counts.done, ROTATIONS);
	assert.ok(supervisor.restarts >= 1);
	assert.deepEqual(await unheldKeys(mode), []);
}

/**
 * Two runs for the same tunnel, held until both have prepared a key and want to store it.
 *
 * @returns what became of them
 */
async function rotateTwiceAtOnce(mode: QueueMode, tunnelId: string): Promise<Outcome[]> {
	const { origin } = new URL(mode.vault.secretsUrl);
	let arrived = 0;
	let release!: () => void;
	const bothArrived = new Promise<void>((resolve) => {
		release = resolve;
	});
	const gate = await startGate(origin, async (moment, what) => {
		if (moment === 'arrived' && what.startsWith('POST')) {
			arrived += 1;
			if (arrived === 2) release();
			await bothArrived;
		}
		return true;
	});
	try {
		const flow = await mode.importRotation({ vaultAddress: gate.origin });
		return await Promise.all([rotateOne(flow, tunnelId), rotateOne(flow, tunnelId)]);
	} finally {
		await gate.close();
	}
}

/** The shipped workflow, started by a webhook, of which the worker dies while keys are being set. */
async function killInScheduledRotation(mode: QueueMode): Promise<void> {
	const { n8n, account, hosts, credentials } = mode;
	const shipped = withSettings(exampleWorkflow('scheduled-rotation.json', credentials), {
		chat_url: 'http://127.0.0.1:1/chat',
		max_age_days: 0,
	});
	const path = 'scheduled-rotation';
	const [schedule] = shipped.nodes;
	Object.assign(schedule!, {
		type: 'n8n-nodes-base.webhook',
		typeVersion: 2,
		webhookId: path,
		parameters: { httpMethod: 'POST', path, options: {} },
	});
	// The next run takes over at once what this one leaves.
	shipped.nodes.find(({ name }) => name === 'Rotate Keys')!.parameters.options = {
		leaseMinutes: 0,
	};
	// There is no mail server here, and what becomes of the keys does not hang on one.
	shipped.nodes = shipped.nodes.filter(({ name }) => name !== 'Send Email');
	delete shipped.connections['Tell the Chat'];
	const id = await n8n.importWorkflow(shipped);
	await n8n.activate(id);
	await account.resetRequests();
	await account.addFault({ operation: 'pskSet', kind: 'delay', ms: 5_000, skip: 1 });
	await n8n.callWebhook(path);
	await account.seen('pskSet', 2);
	await Promise.all(hosts.map(async (host) => await host.kill()));
	await account.clearFaults();
	assert.deepEqual(await unheldKeys(mode), []);
	print(`          ${(await unsettled(mode)).length} tunnels have a key on its way`);
	await Promise.all(hosts.map(async (host) => await host.start()));
	const before = (await n8n.executions(id)).length;
	await n8n.callWebhook(path);
	await waitFor('The next run', async () => (await n8n.executions(id)).length > before);
	await waitFor('Its end', async () => (await unsettled(mode)).length === 0, { seconds: 90 });
	assert.deepEqual(await unheldKeys(mode), []);
	await n8n.deactivate(id);
}

/** The bytes of n8n's folder and of all logs. */
function filesOf(...folders: string[]): Buffer[] {
	return folders.flatMap((folder) =>
		readdirSync(folder, { recursive: true, withFileTypes: true })
			.filter((file) => file.isFile() && !file.parentPath.includes('node_modules'))
			.map((file) => readFileSync(path.join(file.parentPath, file.name))),
	);
}

/** How many executions are in n8n's database, and how many of them it has marked as deleted. */
async function executionCounts({ postgres }: QueueMode): Promise<string[]> {
	return await postgres.query(`SELECT count(*) || ' ' || mode || ' ' || status || ', of them '
		|| count("deletedAt") || ' marked as deleted'
		FROM execution_entity GROUP BY mode, status ORDER BY mode, status`);
}

/** Looks for all keys in all that n8n and its servers ever wrote. */
async function findNoKey(mode: QueueMode, logFolder: string): Promise<void> {
	const keys = await allKeys(mode);
	const tables = await mode.postgres.dump();
	const commands = mode.redis.seen();
	const files = filesOf(...mode.userFolders, logFolder);
	const [{ tunnel }] = (await mode.account.tunnels()) as [TunnelState];
	assert.ok(keys.length > ROTATIONS && tables.includes(tunnel.id), 'the right thing is searched');
	assert.ok(Buffer.concat(commands).includes('executionId'), 'Redis was listened to');
	assert.deepEqual(leaksIn(tables, keys), [], 'keys in PostgreSQL');
	assert.deepEqual(leaksIn(commands, keys), [], 'keys in Redis');
	assert.deepEqual(leaksIn(files, keys), [], 'keys in files');
	// The search takes its time; connections that were closed meanwhile are noticed only now.
	await sleep(100);
}

/**
 * Shows that the search finds a key, and what n8n's queue mode does that no setting prevents: a worker
 * writes all data of a run that a webhook started, and the main process marks it as deleted. A run
 * of a sub-workflow is not written.
 */
async function findKeyOfDirectFlow(mode: QueueMode, tunnelId: string): Promise<void> {
	const { account, n8n, postgres, cloudflare } = mode;
	const { webhookPath, workflow } = flowOf('Keys behind a webhook', [
		pskNode('Prepare Keys', 'prepare', cloudflare),
		pskNode('Set Keys', 'set', cloudflare, { psk: '={{ $json.psk }}' }),
	]);
	const settings = { ...workflow.settings, ...UNSAVED };
	const id = await n8n.importWorkflow({ ...workflow, settings });
	await n8n.activate(id);
	const { live_key: before } = await account.tunnel(tunnelId);
	await n8n.callWebhook(webhookPath, { tunnel: tunnelId });
	const rows = await waitFor('The end of the run', async () => {
		const found = await postgres.query(
			`SELECT status || ' ' || ("deletedAt" IS NOT NULL) FROM execution_entity WHERE "workflowId" = '${id}'`,
		);
		return found.length > 0 && !/new|running|false/.test(found[0]!) && found;
	});
	assert.deepEqual(rows, ['success true']);
	const { live_key: key } = await account.tunnel(tunnelId);
	assert.notEqual(key, before);
	assert.deepEqual(leaksIn(await postgres.dump(), [key!]), [key]);
	const kept = await postgres.query(
		`SELECT count(*) FROM execution_data WHERE "data" LIKE '%${key}%'`,
	);
	assert.deepEqual(kept, ['1'], 'the row is still there');
}

export const part: Part = {
	name: 'queue',
	about: 'queue mode: rotations over two workers, one killed -9, Redis restarted',
	skipReason: reasonWithoutQueueMode,
	async run(context: Context) {
		const mode = await startQueueMode({
			tarball: await context.tarball(),
			tunnels: TUNNELS,
			workers: WORKERS,
			logFolder: context.logFolder,
			logLevel: 'debug',
		});
		context.defer(async () => await mode.stop());
		const { account, postgres } = mode;
		await postgres.recordWrites();
		const given = await mode.importRotation();
		const ids = (await account.tunnels()).map(({ tunnel }) => tunnel.id);

		await context.check(
			`${ROTATIONS} rotations of ${TUNNELS} tunnels: at no moment does the vault lack a live key`,
			async () => await rotateUnderFire(mode, given),
		);
		await context.check(
			'two runs for one tunnel at once: one rotates, the other says that it did not',
			async () => {
				const outcomes = await rotateTwiceAtOnce(mode, ids[0]!);
				print(`          ${outcomes.join(', ')}`);
				assert.ok(outcomes.includes('done') && !outcomes.includes('failed'));
				assert.deepEqual(await unheldKeys(mode), []);
			},
		);
		await context.check(
			'one more run of everything: live, current, verified, none pending',
			async () => {
				print(`          ${(await unsettled(mode)).length} tunnels have a key left over`);
				const report = await given.rotate(ids);
				assert.deepEqual(
					report.map(({ ipsec_tunnel_id }) => ipsec_tunnel_id).sort(),
					[...ids].sort(),
				);
				assert.ok(report.every(({ status }) => status === 'rotated'));
				assert.deepEqual(await unsettled(mode), []);
				assert.deepEqual(await unheldKeys(mode), []);
			},
		);
		await context.check(
			'a scheduled rotation whose worker is killed -9: the next run puts it right',
			async () => await killInScheduledRotation(mode),
		);
		await context.check('no key was ever written to a table, to Redis, or to a log', async () => {
			for (const row of await executionCounts(mode)) print(`          executions kept: ${row}`);
			await findNoKey(mode, context.logFolder);
		});
		await context.check(
			"a key flow that a webhook starts itself is written to execution_data by n8n's worker",
			async () => await findKeyOfDirectFlow(mode, ids[0]!),
		);
	},
};
