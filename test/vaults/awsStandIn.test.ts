import { omit } from 'lodash';
import { randomUUID } from 'node:crypto';
import {
	CreateSecretCommand,
	DescribeSecretCommand,
	GetSecretValueCommand,
	ListSecretsCommand,
	PutSecretValueCommand,
	SecretsManagerClient,
	UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import type { AwsKeys, SecretsManager, SecretsManagerOptions } from '../stubs/secretsManager';
import { startSecretsManager } from '../stubs/secretsManager';

/** The stand-in for AWS Secrets Manager, asked by AWS's own SDK. */

let manager: SecretsManager;
let clients: SecretsManagerClient[] = [];
const start = async (options?: SecretsManagerOptions) => {
	await manager?.close();
	manager = await startSecretsManager(options);
};
beforeEach(async () => await start());
afterEach(async () => {
	for (const one of clients) one.destroy();
	clients = [];
	await manager.close();
});

function client({ region, ...credentials }: AwsKeys = manager.keys): SecretsManagerClient {
	const made = new SecretsManagerClient({
		region,
		endpoint: manager.url,
		credentials,
		maxAttempts: 1,
	});
	clients.push(made);
	return made;
}

const NAME = 'magic-ipsec/a';
const create = async (SecretString?: string, ClientRequestToken: string = randomUUID()) =>
	await client().send(new CreateSecretCommand({ Name: NAME, SecretString, ClientRequestToken }));
const put = async (
	SecretString: string,
	VersionStages?: string[],
	token: string = randomUUID(),
) => {
	const command = new PutSecretValueCommand({
		SecretId: NAME,
		SecretString,
		ClientRequestToken: token,
		VersionStages,
	});
	return (await client().send(command)).VersionId!;
};
const move = async (VersionStage: string, MoveToVersionId?: string, RemoveFromVersionId?: string) =>
	await client().send(
		new UpdateSecretVersionStageCommand({
			SecretId: NAME,
			VersionStage,
			MoveToVersionId,
			RemoveFromVersionId,
		}),
	);
const stages = async () =>
	(await client().send(new DescribeSecretCommand({ SecretId: NAME }))).VersionIdsToStages;
const value = async (VersionStage?: string) =>
	(await client().send(new GetSecretValueCommand({ SecretId: NAME, VersionStage }))).SecretString;

describe('signatures', () => {
	it.each([
		['secretAccessKey', 'InvalidSignatureException'],
		['accessKeyId', 'UnrecognizedClientException'],
		['region', 'InvalidSignatureException'],
		['sessionToken', 'UnrecognizedClientException'],
	])('a wrong %s is %s', async (field, name) => {
		const command = new DescribeSecretCommand({ SecretId: NAME });
		const other = client({ ...manager.keys, [field]: 'us-east-1' });
		await expect(other.send(command)).rejects.toMatchObject({ name });
	});

	it('temporary credentials need their session token', async () => {
		await start({ sessionToken: 'a session token' });
		await create('1');
		const without = omit(manager.keys, 'sessionToken');
		await expect(
			client(without).send(new DescribeSecretCommand({ SecretId: NAME })),
		).rejects.toMatchObject({ name: 'UnrecognizedClientException' });
	});

	it('are good for five minutes', async () => {
		await start({ now: () => Date.now() + 6 * 60_000 });
		await expect(create('1')).rejects.toMatchObject({ name: 'InvalidSignatureException' });
	});
});

describe('versions', () => {
	it('the first one is AWSCURRENT, whatever was asked', async () => {
		await create();
		expect(await stages()).toBeUndefined();
		const id = await put('1', ['MINE']);
		expect(await stages()).toEqual({ [id]: ['AWSCURRENT', 'MINE'] });
	});

	it('a later one has what was asked; without labels it is AWSCURRENT', async () => {
		const { VersionId: first } = await create('1');
		const second = await put('2', ['MINE']);
		expect(await stages()).toEqual({ [first!]: ['AWSCURRENT'], [second]: ['MINE'] });
		const third = await put('3');
		expect(await stages()).toEqual({
			[first!]: ['AWSPREVIOUS'],
			[second]: ['MINE'],
			[third]: ['AWSCURRENT'],
		});
		expect([await value(), await value('AWSPREVIOUS')]).toEqual(['3', '1']);
	});

	it('the same token with the same value is no error, with another it is', async () => {
		const token = randomUUID();
		await create('1', token);
		await create('1', token);
		await expect(create('2', token)).rejects.toMatchObject({ name: 'ResourceExistsException' });
		await expect(create('1')).rejects.toMatchObject({ name: 'ResourceExistsException' });
		const other = randomUUID();
		await put('2', ['MINE'], other);
		await put('2', ['MINE'], other);
		await expect(put('3', ['MINE'], other)).rejects.toMatchObject({
			name: 'ResourceExistsException',
		});
	});

	it('are 100 at most, of which those without a label and older than a day go', async () => {
		let now = Date.now();
		await start({ now: () => now });
		const add = (count: number) => {
			for (let index = 0; index < count; index++) {
				manager.inside.put({
					SecretId: NAME,
					ClientRequestToken: randomUUID(),
					SecretString: '1',
				});
			}
		};
		manager.inside.create({ Name: NAME, ClientRequestToken: randomUUID(), SecretString: '1' });
		add(99);
		expect(() => add(1)).toThrow('too many versions');
		now += 86_400_001;
		add(50);
	});
});

describe('labels', () => {
	it('AWSCURRENT takes AWSPREVIOUS along', async () => {
		const { VersionId: first } = await create('1');
		const second = await put('2', ['AWSPENDING']);
		await move('AWSCURRENT', second, first);
		expect(await stages()).toEqual({
			[first!]: ['AWSPREVIOUS'],
			[second]: ['AWSCURRENT', 'AWSPENDING'],
		});
	});

	it('move only from the version that is named, and to one that is there', async () => {
		const { VersionId: first } = await create('1');
		const second = await put('2', ['MINE']);
		const wrong = { name: 'InvalidParameterException' };
		await move('AWSPENDING', first);
		await expect(move('AWSPENDING', second)).rejects.toThrow('currently attached to version');
		await expect(move('AWSPENDING', second, second)).rejects.toMatchObject(wrong);
		await move('AWSPENDING', second, first);
		await expect(move('AWSPENDING', second, first)).rejects.toMatchObject(wrong);
		await expect(move('NONE', second, first)).rejects.toMatchObject(wrong);
		await expect(move('AWSCURRENT', undefined, first)).rejects.toMatchObject(wrong);
		await expect(move('AWSPENDING', randomUUID(), second)).rejects.toMatchObject({
			name: 'ResourceNotFoundException',
		});
		await move('AWSPENDING', undefined, second);
		expect(await stages()).toEqual({ [first!]: ['AWSCURRENT'], [second]: ['MINE'] });
	});
});

describe('secrets', () => {
	it('that are not there, or wait for their deletion', async () => {
		await expect(value()).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
		await create('1');
		manager.inside.delete(NAME);
		await expect(value()).rejects.toMatchObject({ name: 'InvalidRequestException' });
		await expect(create('1')).rejects.toMatchObject({ name: 'InvalidRequestException' });
		const described = await client().send(new DescribeSecretCommand({ SecretId: NAME }));
		expect(described.DeletedDate).toBeInstanceOf(Date);
		manager.inside.restore(NAME);
		expect(await value()).toBe('1');
	});

	it('are listed by the beginning of their names, in pages', async () => {
		for (const name of ['b', 'magic/1', 'magic/2', 'magic/3', 'z']) {
			await client().send(new CreateSecretCommand({ Name: name }));
		}
		const page = async (NextToken?: string) => {
			const Filters = [{ Key: 'name' as const, Values: ['magic/'] }];
			const command = new ListSecretsCommand({ Filters, MaxResults: 2, NextToken });
			return await client().send(command);
		};
		const first = await page();
		expect(first.SecretList!.map(({ Name }) => Name)).toEqual(['magic/1', 'magic/2']);
		const second = await page(first.NextToken);
		expect(second.SecretList!.map(({ Name }) => Name)).toEqual(['magic/3']);
		expect(second.NextToken).toBeUndefined();
	});

	it('a policy allows actions for names', async () => {
		await start({ allowed: { GetSecretValue: (name) => name.startsWith('magic-ipsec/') } });
		manager.inside.create({ Name: NAME, ClientRequestToken: randomUUID(), SecretString: '1' });
		expect(await value()).toBe('1');
		await expect(put('2')).rejects.toMatchObject({ name: 'AccessDeniedException' });
	});

	it('tokens of less than 32 characters and other bad input are refused', async () => {
		await expect(create('1', 'short')).rejects.toMatchObject({ name: 'InvalidParameterException' });
		await create('1');
		await expect(put('x'.repeat(65_537))).rejects.toMatchObject({ name: 'ValidationException' });
	});

	it('labels may be shown as they were', async () => {
		const { VersionId: first } = await create('1');
		await put('2');
		manager.inside.staleLooks = 1;
		expect(await stages()).toEqual({ [first!]: ['AWSCURRENT'] });
		expect(Object.keys((await stages())!)).toHaveLength(2);
	});
});
