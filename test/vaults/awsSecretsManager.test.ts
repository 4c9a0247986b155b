import { randomUUID } from 'node:crypto';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { VaultRecord } from '../../nodes/vaults/record';
import { EMPTY_RECORD } from '../../nodes/vaults/record';
import {
	dropPending,
	intendRollBack,
	promote,
	putBack,
	stage,
} from '../../nodes/vaults/transitions';
import type { VaultSnapshot } from '../../nodes/vaults/vault';
import { awsDriver, failureOf, snapshotOf } from '../helpers/vaults';
import { useVirtualClock } from '../helpers/virtualClock';
import type { SecretsManager, SecretsManagerOptions } from '../stubs/secretsManager';
import { startSecretsManager } from '../stubs/secretsManager';

/** AWS Secrets Manager: what is special about it. */

const NAME = 'magic-ipsec/t1';
const clock = useVirtualClock();

let manager: SecretsManager;
const start = async (options?: SecretsManagerOptions) => {
	await manager?.close();
	manager = await startSecretsManager({ now: () => clock.now(), ...options });
};
beforeEach(async () => await start());
afterEach(async () => await manager.close());

const staged = (record: VaultRecord, key: string) =>
	stage(record, { key, since: 's', by: 'b', finish: 'later', owner: {} });

/** The version that has a label, as AWS's own SDK reads it. */
async function seen(VersionStage?: string): Promise<Record<string, unknown>> {
	const { region, ...credentials } = manager.keys;
	const client = new SecretsManagerClient({
		region,
		endpoint: manager.url,
		credentials,
		systemClockOffset: clock.now() - Date.now(),
	});
	try {
		const got = await client.send(new GetSecretValueCommand({ SecretId: NAME, VersionStage }));
		return { VersionId: got.VersionId, ...(JSON.parse(got.SecretString!) as object) };
	} finally {
		client.destroy();
	}
}

const create = (SecretString?: string) =>
	manager.inside.create({ Name: NAME, ClientRequestToken: randomUUID(), SecretString });
const labelsOf = (label: string) => manager.inside.holder(manager.inside.all.get(NAME)!, label);

/** Writes in a row, each from the state before. */
async function write(
	...steps: Array<(record: VaultRecord) => VaultRecord>
): Promise<VaultSnapshot> {
	const driver = awsDriver(manager);
	let snapshot = snapshotOf(await driver.read(NAME, 'change'));
	for (const step of steps) {
		snapshot = snapshotOf(await driver.write(snapshot, step(snapshot.record)));
	}
	return snapshot;
}

describe('the labels, as AWS’s SDK sees them', () => {
	it('a first key: both on one version, with a pending key and no current one', async () => {
		await write((record) => staged(record, 'K1'));
		const [current, pending] = [await seen(), await seen('AWSPENDING')];
		expect(current).toEqual(pending);
		expect(current).toMatchObject({ pending: 'K1' });
		expect(current).not.toHaveProperty('current');
	});

	it('a first key in a secret that was made without a value', async () => {
		create();
		const driver = awsDriver(manager);
		const snapshot = snapshotOf(await driver.read(NAME, 'change'));
		expect(snapshot).toMatchObject({ state: 'absent', record: EMPTY_RECORD });
		snapshotOf(await driver.write(snapshot, staged(snapshot.record, 'K1')));
		expect(await seen('AWSPENDING')).toMatchObject({ pending: 'K1' });
		expect(manager.actions).not.toContain('CreateSecret');
	});

	it('a key that is promoted: both on one version, AWSPREVIOUS on the one before', async () => {
		await write(
			(record) => staged(record, 'K1'),
			(record) => promote(record, 'd1'),
			(record) => staged(record, 'K2'),
		);
		expect(await seen()).toMatchObject({ current: 'K1' });
		expect(await seen('AWSPENDING')).toMatchObject({ current: 'K1', pending: 'K2' });
		await write((record) => promote(record, 'd2'));
		expect(await seen()).toMatchObject({ current: 'K2', previous: 'K1' });
		expect(await seen('AWSPREVIOUS')).toMatchObject({ current: 'K1' });
		expect(labelsOf('AWSPENDING')).toBe(labelsOf('AWSCURRENT'));
	});

	it('a key that is rolled back, or dropped: AWSCURRENT keeps the former key', async () => {
		await write(
			(record) => staged(record, 'K1'),
			(record) => promote(record, 'd1'),
			(record) => staged(record, 'K2'),
			intendRollBack,
			(record) => putBack(record, 'd2', 'now'),
		);
		expect(await seen()).toMatchObject({ current: 'K1', previous: 'K2' });
		await write((record) => staged(record, 'K3'), dropPending);
		expect(await seen()).toMatchObject({ current: 'K1', previous: 'K2' });
		expect(labelsOf('AWSPENDING')).toBe(labelsOf('AWSCURRENT'));
	});

	it('two requests for a new pending key, three for its promotion', async () => {
		await write(
			(record) => staged(record, 'K1'),
			(record) => promote(record, 'd1'),
		);
		const before = manager.actions.length;
		await write(
			(record) => staged(record, 'K2'),
			(record) => promote(record, 'd2'),
		);
		expect(manager.actions.slice(before)).toEqual([
			...['DescribeSecret', 'GetSecretValue'],
			...['PutSecretValue', 'UpdateSecretVersionStage'],
			...['PutSecretValue', 'UpdateSecretVersionStage', 'UpdateSecretVersionStage'],
		]);
	});

	it('versions without a label are left to AWS, so that any number of rotations is possible', async () => {
		for (let round = 0; round < 12; round++) {
			await write(
				(record) => staged(record, `K${round}`),
				(record) => promote(record, 'd'),
			);
		}
		const { versions } = manager.inside.all.get(NAME)!;
		const labelled = [...versions.values()].filter(({ stages }) => stages.length > 0);
		expect(labelled).toHaveLength(2);
	});
});

describe('a write that is cut off between two labels', () => {
	/** A promotion whose AWSCURRENT could not be moved. */
	const cutOff = async () => {
		await write(
			(record) => staged(record, 'K1'),
			(record) => promote(record, 'd1'),
			(record) => staged(record, 'K2'),
		);
		const driver = awsDriver(manager);
		const snapshot = snapshotOf(await driver.read(NAME, 'change'));
		manager.refuseAction('UpdateSecretVersionStage', 'AccessDeniedException', 1, 1);
		return await driver.write(snapshot, promote(snapshot.record, 'd2'));
	};

	it('counts, and says that routers still read the former key', async () => {
		expect(failureOf(await cutOff())).toMatchObject({
			fault: 'denied',
			what: expect.stringContaining('routers still read the former one'),
			mayHaveHappened: true,
		});
		expect(await seen()).toMatchObject({ current: 'K1' });
	});

	it('a look shows it, and changes nothing', async () => {
		await cutOff();
		const before = manager.actions.length;
		const snapshot = snapshotOf(await awsDriver(manager).read(NAME, 'look'));
		expect(snapshot).toMatchObject({ unfinished: true, record: { current: { key: 'K2' } } });
		expect(manager.actions.slice(before)).toEqual(['DescribeSecret', 'GetSecretValue']);
	});

	it('a read for a change completes it', async () => {
		await cutOff();
		const snapshot = snapshotOf(await awsDriver(manager).read(NAME, 'change'));
		expect(snapshot).toMatchObject({ unfinished: false, record: { current: { key: 'K2' } } });
		expect(await seen()).toMatchObject({ current: 'K2', previous: 'K1' });
	});

	it('a read for a change that can not complete it says so', async () => {
		await cutOff();
		manager.refuseAction('UpdateSecretVersionStage', 'AccessDeniedException', 2);
		const failure = { fault: 'denied', mayHaveHappened: false };
		const driver = awsDriver(manager);
		expect(await driver.read(NAME, 'change')).toMatchObject(failure);
		const look = snapshotOf(await driver.read(NAME, 'look'));
		expect(await driver.write(look, staged(look.record, 'K3'))).toMatchObject(failure);
		expect(snapshotOf(await driver.read(NAME, 'look')).record.pending).toBeUndefined();
	});

	it('a write from what a look showed completes it, too', async () => {
		await cutOff();
		const driver = awsDriver(manager);
		const snapshot = snapshotOf(await driver.read(NAME, 'look'));
		const next = snapshotOf(await driver.write(snapshot, staged(snapshot.record, 'K3')));
		snapshotOf(await driver.write(next, promote(next.record, 'd3')));
		expect(await seen()).toMatchObject({ current: 'K3', previous: 'K2' });
	});

	it('the stalled run that wakes up after others have gone on moves nothing', async () => {
		await write(
			(record) => staged(record, 'K1'),
			(record) => promote(record, 'd1'),
			(record) => staged(record, 'K2'),
		);
		const driver = awsDriver(manager);
		const snapshot = snapshotOf(await driver.read(NAME, 'change'));
		const fault = manager.addFault({
			operation: 'UpdateSecretVersionStage',
			when: 'before',
			hold: true,
			skip: 1,
		});
		const stalled = driver.write(snapshot, promote(snapshot.record, 'd2'));
		while (fault.hits === 0) await new Promise((resolve) => setTimeout(resolve, 5));
		await write(
			(record) => staged(record, 'K3'),
			(record) => promote(record, 'd3'),
		);
		fault.release();
		expect(await stalled).toEqual({ kind: 'conflict' });
		expect(await seen()).toMatchObject({ current: 'K3', previous: 'K2' });
	});

	it('a first version whose AWSPENDING could not be set is the secret’s record all the same', async () => {
		const driver = awsDriver(manager);
		const snapshot = snapshotOf(await driver.read(NAME, 'change'));
		manager.refuseAction('UpdateSecretVersionStage', 'AccessDeniedException');
		expect(await driver.write(snapshot, staged(snapshot.record, 'K1'))).toMatchObject({
			fault: 'denied',
			mayHaveHappened: true,
		});
		const read = snapshotOf(await driver.read(NAME, 'change'));
		expect(read.record.pending?.key).toBe('K1');
		snapshotOf(await driver.write(read, promote(read.record, 'd1')));
		expect(await seen()).toMatchObject({ current: 'K1' });
	});

	it('of two first writers one wins, whoever’s version came first', async () => {
		create();
		const [one, other] = [awsDriver(manager), awsDriver(manager)];
		const [first, second] = [
			snapshotOf(await one.read(NAME, 'change')),
			snapshotOf(await other.read(NAME, 'change')),
		];
		const fault = manager.addFault({
			operation: 'UpdateSecretVersionStage',
			when: 'before',
			hold: true,
		});
		const loser = one.write(first, staged(first.record, 'K1'));
		while (fault.hits === 0) await new Promise((resolve) => setTimeout(resolve, 5));
		const won = snapshotOf(await other.write(second, staged(second.record, 'K2')));
		fault.release();
		expect(await loser).toEqual({ kind: 'conflict' });
		const read = snapshotOf(await one.read(NAME, 'change'));
		expect(read.record).toEqual(won.record);
		const last = snapshotOf(await one.write(read, promote(read.record, 'd')));
		expect(last.record.previous).toBeUndefined();
		expect(await seen()).toMatchObject({ current: 'K2' });
	});
});

describe('lost answers', () => {
	it.each(['PutSecretValue', 'UpdateSecretVersionStage'])(
		'of %s are settled, made or not made',
		async (operation) => {
			await write((record) => staged(record, 'K1'));
			for (const when of ['after', 'before'] as const) {
				for (const skip of [0, 1]) {
					manager.clearFaults();
					manager.addFault({ operation, when, cut: 'silent', skip });
					const key = `${operation} ${when} ${skip}`;
					await write(
						(record) => staged(record, key),
						(record) => promote(record, 'd'),
					);
					expect(await seen()).toMatchObject({ current: key });
				}
			}
		},
	);

	it.each(['before', 'after'] as const)('of CreateSecret, %s', async (when) => {
		manager.addFault({ operation: 'CreateSecret', when, cut: 'silent' });
		await write((record) => staged(record, 'K1'));
		expect(await seen('AWSPENDING')).toMatchObject({ pending: 'K1' });
	});

	it('labels that AWS still shows where they were are looked at again', async () => {
		await write((record) => staged(record, 'K1'));
		const driver = awsDriver(manager);
		const snapshot = snapshotOf(await driver.read(NAME, 'change'));
		manager.addFault({ operation: 'UpdateSecretVersionStage', when: 'after', cut: 'silent' });
		manager.inside.staleLooks = 2;
		snapshotOf(await driver.write(snapshot, staged(snapshot.record, 'K2')));
	});

	it('a version that is not visible yet is waited for', async () => {
		await write((record) => staged(record, 'K1'));
		manager.refuseAction('UpdateSecretVersionStage', 'ResourceNotFoundException', 2);
		await write((record) => staged(record, 'K2'));
		expect(clock.slept()).toBeGreaterThan(0);
	});
});

describe('secrets that are not ours to change', () => {
	it('one that AWS, or somebody else, is rotating', async () => {
		await write(
			(record) => staged(record, 'K1'),
			(record) => promote(record, 'd1'),
		);
		const secret = manager.inside.all.get(NAME)!;
		manager.inside.put({
			SecretId: NAME,
			ClientRequestToken: randomUUID(),
			SecretString: '{"password":"x"}',
			VersionStages: ['AWSPENDING'],
		});
		const foreign = { fault: 'foreign', reach: 'secret', mayHaveHappened: false };
		expect(await awsDriver(manager).read(NAME, 'change')).toMatchObject(foreign);
		secret.versions.delete(labelsOf('AWSPENDING')!);
		await write((record) => staged(record, 'K2'));
	});

	it('one whose rotation by AWS failed, with AWSPENDING on a version without a value', async () => {
		await write((record) => staged(record, 'K1'));
		manager.refuseAction('GetSecretValue', 'ResourceNotFoundException');
		manager.inside.put({
			SecretId: NAME,
			ClientRequestToken: randomUUID(),
			SecretString: '1',
			VersionStages: ['AWSPENDING'],
		});
		expect(await awsDriver(manager).read(NAME, 'change')).toMatchObject({ fault: 'foreign' });
	});

	it('one that AWS rotates by itself is warned of', async () => {
		create('{"current":"K0"}');
		manager.inside.all.get(NAME)!.rotationEnabled = true;
		const { warnings } = snapshotOf(await awsDriver(manager).read(NAME, 'look'));
		expect(warnings).toEqual([expect.stringContaining('rotates this secret by itself')]);
	});

	it('one that waits for its deletion', async () => {
		create('{}');
		manager.inside.delete(NAME);
		expect(await awsDriver(manager).read(NAME, 'change')).toMatchObject({
			fault: 'rejected',
			what: 'the secret is waiting for its deletion',
		});
	});

	it.each(['just a key', '["a"]', '5'])('one that holds no JSON object: %s', async (value) => {
		create(value);
		const failure = failureOf(await awsDriver(manager).read(NAME, 'change'));
		expect(failure).toMatchObject({ fault: 'unreadable' });
		expect(JSON.stringify(failure)).not.toContain('just a key');
	});

	it('one that would be too large', async () => {
		create(JSON.stringify({ note: 'x'.repeat(65_400) }));
		const driver = awsDriver(manager);
		const snapshot = snapshotOf(await driver.read(NAME, 'change'));
		expect(await driver.write(snapshot, staged(snapshot.record, 'K1'))).toMatchObject({
			fault: 'rejected',
			mayHaveHappened: false,
		});
	});

	it('one that is deleted and made anew meanwhile is a conflict', async () => {
		await write((record) => staged(record, 'K1'));
		const driver = awsDriver(manager);
		const snapshot = snapshotOf(await driver.read(NAME, 'change'));
		manager.inside.all.delete(NAME);
		expect(await driver.write(snapshot, dropPending(snapshot.record))).toEqual({
			kind: 'conflict',
		});
		create('{}');
		expect(await driver.write(snapshot, dropPending(snapshot.record))).toEqual({
			kind: 'conflict',
		});
	});

	it('a key that somebody stored by hand is current, and a pending one stays', async () => {
		await write(
			(record) => staged(record, 'K1'),
			(record) => promote(record, 'd1'),
			(record) => staged(record, 'K2'),
		);
		const shown = { ...(await seen()), VersionId: undefined };
		manager.inside.put({
			SecretId: NAME,
			ClientRequestToken: randomUUID(),
			SecretString: JSON.stringify({ ...shown, current: 'BY HAND', note: 1 }),
		});
		const { record } = snapshotOf(await awsDriver(manager).read(NAME, 'change'));
		expect(record).toMatchObject({
			current: { key: 'BY HAND' },
			pending: { key: 'K2' },
			previous: { key: 'K1' },
			others: { note: 1 },
		});
		await write((now) => promote(now, 'd2'));
		expect(await seen()).toMatchObject({ current: 'K2', previous: 'BY HAND', note: 1 });
	});

	it('AWSCURRENT that somebody moved back by hand is moved on again', async () => {
		await write(
			(record) => staged(record, 'K1'),
			(record) => promote(record, 'd1'),
			(record) => staged(record, 'K2'),
			(record) => promote(record, 'd2'),
		);
		const back = async () => {
			manager.inside.moveLabel({
				SecretId: NAME,
				VersionStage: 'AWSCURRENT',
				MoveToVersionId: labelsOf('AWSPREVIOUS'),
				RemoveFromVersionId: labelsOf('AWSCURRENT'),
			});
			expect(await seen()).toMatchObject({ current: 'K1' });
		};
		await back();
		const look = snapshotOf(await awsDriver(manager).read(NAME, 'look'));
		expect(look).toMatchObject({ unfinished: true, record: { current: { key: 'K2' } } });
		await write();
		expect(await seen()).toMatchObject({ current: 'K2' });
		await write((record) => staged(record, 'K3'));
		await back();
		await write((record) => promote(record, 'd3'));
		expect(await seen()).toMatchObject({ current: 'K3', previous: 'K2' });
	});

	it('a look from before the labels were moved, and the write from it', async () => {
		await write(
			(record) => staged(record, 'K1'),
			(record) => promote(record, 'd1'),
			(record) => staged(record, 'K2'),
		);
		const [slow, fast] = [awsDriver(manager), awsDriver(manager)];
		const snapshot = snapshotOf(await slow.read(NAME, 'change'));
		const held = { operation: 'UpdateSecretVersionStage', when: 'before', skip: 1 } as const;
		const fault = manager.addFault({ ...held, hold: true });
		const promoting = slow.write(snapshot, promote(snapshot.record, 'd2'));
		while (fault.hits === 0) await new Promise((resolve) => setTimeout(resolve, 5));
		const look = snapshotOf(await fast.read(NAME, 'look'));
		expect(look.unfinished).toBe(true);
		fault.release();
		expect((await promoting).kind).toBe('stored');
		const next = snapshotOf(await fast.write(look, staged(look.record, 'K3')));
		snapshotOf(await fast.write(next, promote(next.record, 'd3')));
		expect(await seen()).toMatchObject({ current: 'K3', previous: 'K2' });
	});

	it('labels that somebody took off by hand are set again', async () => {
		await write(
			(record) => staged(record, 'K1'),
			(record) => promote(record, 'd1'),
		);
		manager.inside.moveLabel({
			SecretId: NAME,
			VersionStage: 'AWSPENDING',
			RemoveFromVersionId: labelsOf('AWSPENDING'),
		});
		await write((record) => staged(record, 'K2'));
		expect(await seen('AWSPENDING')).toMatchObject({ current: 'K1', pending: 'K2' });
	});
});

describe('rights and credentials', () => {
	const inFolder = (name: string) => name.startsWith('magic-ipsec/');

	it('least privilege is enough: the writer’s policy of docs/vaults.md', async () => {
		const actions = [
			...['DescribeSecret', 'GetSecretValue', 'PutSecretValue', 'UpdateSecretVersionStage'],
			'CreateSecret',
		];
		await start({
			allowed: {
				...Object.fromEntries(actions.map((action) => [action, inFolder])),
				ListSecrets: () => true,
			},
		});
		await write(
			(record) => staged(record, 'K1'),
			(record) => promote(record, 'd1'),
		);
		expect(await awsDriver(manager).names('magic-ipsec/')).toMatchObject({ names: [NAME] });
		expect(await awsDriver(manager).read('elsewhere', 'change')).toMatchObject({
			fault: 'denied',
			reach: 'secret',
			what: 'the access key may not do this (DescribeSecret: HTTP 400 AccessDeniedException)',
		});
	});

	it('without the right to make secrets, those that were made before can be used', async () => {
		const actions = ['DescribeSecret', 'GetSecretValue', 'PutSecretValue'];
		const allowed = Object.fromEntries(
			[...actions, 'UpdateSecretVersionStage'].map((action) => [action, inFolder]),
		);
		await start({ allowed });
		const driver = awsDriver(manager);
		const snapshot = snapshotOf(await driver.read(NAME, 'change'));
		expect(await driver.write(snapshot, staged(snapshot.record, 'K1'))).toMatchObject({
			fault: 'denied',
			what: expect.stringContaining('CreateSecret'),
			mayHaveHappened: false,
		});
		create();
		await write((record) => staged(record, 'K1'));
	});

	it('temporary credentials send their session token', async () => {
		await start({ sessionToken: 'a session token' });
		await write((record) => staged(record, 'K1'));
		expect(await awsDriver(manager, { sessionToken: '' }).read(NAME, 'look')).toMatchObject({
			fault: 'denied',
			reach: 'vault',
		});
	});

	it.each([
		['secretAccessKey', 'wrong', 'takes the signature for wrong'],
		['accessKeyId', 'AKIAWRONG', 'does not know the access key'],
		['region', 'us-east-1', 'takes the signature for wrong'],
	])('a wrong %s is told', async (field, value, words) => {
		expect(await awsDriver(manager, { [field]: value }).read(NAME, 'change')).toMatchObject({
			fault: 'denied',
			reach: 'vault',
			what: expect.stringContaining(words),
		});
	});

	it.each([
		['region', 'the moon'],
		['region', ''],
		['endpoint', 'http://secretsmanager.eu-central-1.amazonaws.com'],
		['endpoint', 'https://a:b@example.com'],
	])('the %s %j can not be used, and nothing is sent', async (field, value) => {
		const driver = awsDriver(manager, { [field]: value });
		expect(await driver.open()).toMatchObject({ fault: 'settings', reach: 'vault' });
		expect(manager.requests).toEqual([]);
	});

	it('the secret access key is in no request', async () => {
		const sent: string[] = [];
		const driver = awsDriver(manager, {}, {}, (request) => sent.push(JSON.stringify(request)));
		await driver.read(NAME, 'change');
		expect(sent.join()).toContain(manager.keys.accessKeyId);
		expect(sent.join()).not.toContain(manager.keys.secretAccessKey);
	});

	it('names come in pages of 100', async () => {
		for (let index = 0; index < 250; index++) {
			manager.inside.create({
				Name: `magic-ipsec/${index}`,
				ClientRequestToken: randomUUID(),
				SecretString: '{}',
			});
		}
		expect(await awsDriver(manager).names('magic-ipsec/')).toMatchObject({
			names: { length: 250 },
		});
		expect(manager.actions).toEqual(['ListSecrets', 'ListSecrets', 'ListSecrets']);
	});

	it('a rate limit is obeyed', async () => {
		manager.refuseAction('PutSecretValue', 'ThrottlingException', 3);
		await write((record) => staged(record, 'K1'), dropPending);
		expect(clock.slept()).toBe(3_500);
	});
});
